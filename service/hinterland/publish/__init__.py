"""The result bundle of a panorama: rasters, preview, report, pointing, STAC item and page, in one folder."""
