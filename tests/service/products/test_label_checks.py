from pathlib import Path

import pytest
from map_labels import isis3_label, pds3_label

from hinterland.errors import OutsideError, TooLargeError
from hinterland.products.label_checks import check_named_files, check_text_label


def written(folder: Path, label: bytes) -> Path:
    path = folder / "product.LBL"
    path.write_bytes(label)
    return path


@pytest.mark.parametrize(
    "label",
    [
        pds3_label("20"),
        pds3_label("20") + bytes(500_000),
        pds3_label("2048 <BYTES>"),
        pds3_label("(20)"),
        pds3_label("20", head='^DATA_SET_MAP_PROJECTION = "DSMAP.CAT"\r\n'),
        pds3_label("20", head='NOTE = "END\r\nEND\r\n( ( ( ( ( ( ( ( ( ( ("\r\n'),
        pds3_label("20", head="/* it's */ A = ((1, 2), (3, 4))\r\n"),
        pds3_label("20").replace(b"\r\n", b"\n"),
        isis3_label("", start=65537),
        isis3_label("", inside="  Group = Mapping\n    TargetName = Mars\n  End_Group\n"),
    ],
)
def test_labels_as_missions_write_them_pass(label: bytes, tmp_path: Path) -> None:
    check_text_label(written(tmp_path, label))


@pytest.mark.parametrize(
    "pointer",
    ['("data.img", 1)', '"data.img"', "data.img", "( 'data.img' , 3 )", '("data.img", 100 <BYTES>)'],
)
def test_pixels_beside_the_label_pass_and_elsewhere_do_not(pointer: str, tmp_path: Path) -> None:
    path = written(tmp_path, pds3_label(pointer))
    with pytest.raises(OutsideError, match=r"'data\.img', which is not beside it"):
        check_text_label(path)
    (tmp_path / "data.img").write_bytes(b"pixels")
    check_text_label(path)


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "inner/secret", "", ".", "..", "a\0b", "x" * 5000, "link"]
)
def test_no_name_leads_out_of_the_label_s_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "in" / "inner").mkdir(parents=True)
    for place in ("secret", "in/inner/secret"):
        (tmp_path / place).write_bytes(b"secret")
    (tmp_path / "in" / "link").symlink_to("../secret")
    with pytest.raises(OutsideError):
        check_named_files(tmp_path / "in" / "label.xml", [name])


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        ("".join(f"GROUP = G{number}\r\n" for number in range(33)), "nested too deeply"),
        ("A = " + "(" * 9 + ")" * 9 + "\r\n", "nested too deeply"),
        ("A = " + "{" * 9 + "\r\n", "nested too deeply"),
        (f'A = "{"x" * 300_000}"\r\n', "no END within"),
        ('A = "x\r\n', "no END within"),
        ("/* x\r\n", "no END within"),
    ],
)
def test_a_label_beyond_any_real_one_is_refused(head: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(TooLargeError, match=problem):
        check_text_label(written(tmp_path, pds3_label("20", head=head)))
