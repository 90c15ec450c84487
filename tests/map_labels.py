"""Labels of small images as PDS3, PDS4, ISIS3 and VICAR write them, and products of them."""

from __future__ import annotations

from map_rasters import textured

LINES, SAMPLES = 40, 60


def pds3_label(pointer: str, *, head: str = "", lines: int = LINES) -> bytes:
    """Of an image of 16 bits."""
    return (
        f"PDS_VERSION_ID = PDS3\r\n{head}RECORD_TYPE = FIXED_LENGTH\r\nRECORD_BYTES = {2 * SAMPLES}\r\n"
        f"FILE_RECORDS = {lines}\r\n^IMAGE = {pointer}\r\nOBJECT = IMAGE\r\n  LINES = {lines}\r\n"
        f"  LINE_SAMPLES = {SAMPLES}\r\n  SAMPLE_TYPE = MSB_INTEGER\r\n  SAMPLE_BITS = 16\r\n  BANDS = 1\r\n"
        "END_OBJECT = IMAGE\r\nEND\r\n"
    ).encode()


def isis3_label(core: str, *, start: int = 1, inside: str = "") -> bytes:
    """Of a cube of 16 bits."""
    return (
        f"Object = IsisCube\n  Object = Core\n{core}    StartByte = {start}\n    Format = BandSequential\n"
        f"    Group = Dimensions\n      Samples = {SAMPLES}\n      Lines = {LINES}\n      Bands = 1\n"
        "    End_Group\n    Group = Pixels\n      Type = SignedWord\n      ByteOrder = Lsb\n      Base = 0.0\n"
        f"      Multiplier = 1.0\n    End_Group\n  End_Object\n{inside}End_Object\nEnd\n"
    ).encode()


def pds4_label(file_name: str, *, before: str = "") -> bytes:
    """Of an image of 16 bits."""
    return (
        f'<?xml version="1.0"?>\n{before}<Product_Observational xmlns="http://pds.nasa.gov/pds4/pds/v1">'
        "<File_Area_Observational><File>"
        f'<file_name>{file_name}</file_name></File><Array_2D_Image><offset unit="byte">0</offset><axes>2</axes>'
        "<axis_index_order>Last Index Fastest</axis_index_order>"
        "<Element_Array><data_type>SignedLSB2</data_type></Element_Array>"
        f"<Axis_Array><axis_name>Line</axis_name><elements>{LINES}</elements>"
        "<sequence_number>1</sequence_number></Axis_Array>"
        f"<Axis_Array><axis_name>Sample</axis_name><elements>{SAMPLES}</elements>"
        "<sequence_number>2</sequence_number></Axis_Array>"
        "</Array_2D_Image></File_Area_Observational></Product_Observational>\n"
    ).encode()


def vicar_label(lines: int = LINES) -> bytes:
    """Of an image of 8 bits."""
    return (
        (
            f"LBLSIZE=240 FORMAT='BYTE' TYPE='IMAGE' BUFSIZ=240 DIM=3 EOL=0 RECSIZE={SAMPLES} ORG='BSQ' "
            f"NL={lines} NS={SAMPLES} NB=1 N1={SAMPLES} N2={lines} N3=1 N4=0 NBB=0 NLB=0 "
            "HOST='X86-64-LINX' INTFMT='LOW' REALFMT='RIEEE'"
        )
        .encode()
        .ljust(240, b"\0")
    )


_PIXELS = textured(LINES, SAMPLES, dtype="int16")[0].astype("<i2").tobytes()
_ISIS3 = isis3_label("", start=2001).ljust(2000, b"\0") + _PIXELS
_PDS3 = pds3_label("20").ljust(19 * 2 * SAMPLES) + _PIXELS
_VICAR = vicar_label() + _PIXELS[: LINES * SAMPLES]
SOUND = {"sound.cub": _ISIS3, "sound.IMG": _PDS3, "sound.VIC": _VICAR}
"""What the cut ones were before."""
