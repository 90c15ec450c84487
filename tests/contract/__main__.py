"""The contract's tools: `python tests/contract generate | check | release`.

`generate` makes service/hinterland/api/v1 from proto/; `check` lints the contract, compares it with the one that
was released (released.binpb) and says whether the generated code is that of the contract; `release` makes the
contract as it stands the released one.
"""

from __future__ import annotations

import filecmp
import importlib.resources
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parents[2]
PROTO = ROOT / "proto"
PACKAGE = Path("hinterland/api/v1")
GENERATED = ROOT / "service" / PACKAGE
RELEASED = Path(__file__).with_name("released.binpb")
_COMMON = Path(sysconfig.get_paths()["purelib"])
_GOOGLE = (
    "api/annotations",
    "api/client",
    "api/field_behavior",
    "api/http",
    "api/launch_stage",
    "api/resource",
)
_MARK = "# Generated from proto/ by `make proto`; not to be edited.\n"


def generate(folder: Path) -> None:
    """Generate the package's modules into a folder."""
    with tempfile.TemporaryDirectory() as name:
        sources = sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))
        included = importlib.resources.files("grpc_tools") / "_proto"
        plugins = Path(sys.executable).parent
        arguments = [
            "protoc",
            f"--proto_path={PROTO}",
            f"--proto_path={_COMMON}",
            f"--proto_path={included}",
            f"--plugin=protoc-gen-mypy_grpc={plugins / 'protoc-gen-mypy_grpc'}",
            f"--python_out={name}",
            f"--pyi_out={name}",
            f"--grpc_python_out={name}",
            f"--mypy_grpc_out={name}",
            *sources,
        ]
        if protoc.main(arguments) != 0:
            sys.exit("the contract does not compile")
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted((Path(name) / PACKAGE).iterdir()):
            if "Stub" not in path.read_text() and "_grpc" in path.name:
                continue  # a file without a service
            (folder / path.name).write_text(_MARK + path.read_text())
    (folder / "__init__.py").write_text('"""The contract\'s messages and stubs, generated."""\n')


def workspace(folder: Path) -> None:
    """Lay out what buf reads: the contract, its rules, and the definitions it imports."""
    shutil.copytree(PROTO, folder / "proto")
    for path in (*(f"google/{stem}.proto" for stem in _GOOGLE), "google/rpc/status.proto"):
        target = folder / "google" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(_COMMON / path, target)
    rules = (ROOT / "buf.yaml").read_text()
    rules = rules.replace("  - path: proto\n", "  - path: proto\n  - path: google\n")
    (folder / "buf.yaml").write_text(rules.replace("lint:\n", "lint:\n  ignore: [google]\n"))


def _buf(folder: Path, *arguments: str) -> str:
    """What buf says, empty if it agrees."""
    buf = Path(sys.executable).with_name("buf")
    done = subprocess.run(
        [buf, *arguments], cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr or "buf failed"


def faults() -> list[str]:
    """What is wrong with the contract and the code generated from it; empty if nothing is."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        workspace(folder)
        found.append(_buf(folder, "lint"))
        found.append(_buf(folder, "breaking", "proto", "--against", str(RELEASED)))
        generate(folder / "generated")
        compared = filecmp.dircmp(folder / "generated", GENERATED, ignore=["__pycache__"])
        drifted = compared.left_only + compared.right_only + compared.diff_files
        if drifted:
            found.append(
                f"service/{PACKAGE} is not what proto/ says, run make proto: {', '.join(sorted(drifted))}\n"
            )
    return [fault for fault in found if fault]


def release() -> None:
    """Keep the contract as the one that later versions must not break."""
    with tempfile.TemporaryDirectory() as name:
        workspace(Path(name))
        said = _buf(Path(name), "build", "proto", "--exclude-source-info", "-o", str(RELEASED))
    if said:
        sys.exit(said)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["generate"]:
            generate(GENERATED)
        case ["release"]:
            release()
        case ["check"]:
            said = faults()
            sys.stderr.writelines(said)
            sys.exit(bool(said))
        case _:
            sys.exit(__doc__)
