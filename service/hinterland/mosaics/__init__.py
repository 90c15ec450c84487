"""How a mosaic is made: plan, previews, seams, tiles. No file is opened here."""
