"""A folder that a command made and marked as its own, and what it may remove there.

The mark is manifest.json, with the folder's format and the SHA-256 of each file that was written.
Only such files are replaced or removed, and only while they are what was written: what somebody
has edited, or put there under the same name, is kept as NAME.orig.
"""

import hashlib
import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from lgn_hw.errors import LgnError, UsageError
from lgn_hw.files.atomic import PARTIAL, write_bytes, write_text
from lgn_hw.files.lock import LOCK, locked
from lgn_hw.files.writers import command_line_of

__all__ = [
    "MANIFEST",
    "OwnedFolder",
    "adopt_folder",
    "keep_aside",
    "own_folder",
    "read_manifest",
    "sha256_of",
]

MANIFEST = "manifest.json"
UNFINISHED = r"unfinished-[0-9a-f]{8}"
SHOWN = 3  # names of files of others in a refusal
# What may lie in an empty folder: an earlier try, and what git and macOS put there.
NOTHING = re.compile(rf"{re.escape(LOCK)}|{PARTIAL}|\.gitkeep|\.gitignore|\.DS_Store")


@contextmanager
def own_folder(path: str | Path, command: str) -> Iterator["OwnedFolder"]:
    """Hold a folder that `command` (like "sim", of `lgn sim`) has made, or may make.

    It is new, empty, or has the command's mark; it is locked meanwhile. Raises UsageError
    otherwise, or where another process holds it, and leaves the folder as it was.
    """
    folder = Path(path)
    # Looked at before the folder is made or locked, so that a refusal leaves nothing behind; and
    # again under the lock.
    _manifest_of(folder, command)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        yield OwnedFolder(folder, command, _manifest_of(folder, command))


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Return the manifest of a folder that any command of lgn has marked; else None."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        known = re.fullmatch(r"lgn-[a-z-]+ \d+", manifest["format"])
        files = manifest["sha256"].items()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    strings = all(isinstance(word, str) for item in files for word in item)
    return manifest if known and strings else None


def adopt_folder(folder: Path, command: str, names: Iterable[str]) -> None:
    """Mark a folder that is known to be of a command, with those of the named files it holds."""
    found = {name: sha256_of(folder / name) for name in names if (folder / name).is_file()}
    manifest = {"format": f"lgn-{command} 1", "sha256": found}
    write_text(folder / MANIFEST, json.dumps(manifest, indent=2) + "\n")


class OwnedFolder:
    """A folder held by own_folder().

    path: where it is. command: whose it is. kept: the files of others that were kept under
    another name, for what the user is told.
    """

    def __init__(self, path: Path, command: str, manifest: dict[str, Any] | None) -> None:
        self.path, self.command = path, command
        self.kept: list[tuple[Path, Path]] = []
        self._facts = {} if manifest is None else dict(manifest)
        self.digests: dict[str, str] = self._facts.pop("sha256", {})
        for name in self._facts.pop("unfinished", []):
            _remove_unfinished(path, name)
        for partial in path.iterdir():
            if re.fullmatch(PARTIAL, partial.name):
                partial.unlink()
        if manifest is None:
            self._write()

    @contextmanager
    def work(self, facts: Mapping[str, Any] | None = None) -> Iterator[Path]:
        """Give a new folder inside; when all is well its files take the place of the earlier ones.

        facts: what the manifest holds besides. Where an LgnError is raised, the files stay in the
        new folder, for its logs, until the next run; after another exception they are removed.
        """
        name = f"unfinished-{secrets.token_hex(4)}"
        self._write(name)
        work = self.path / name
        work.mkdir()
        try:
            yield work
            self._replace(work, dict(facts or {}))
        except LgnError:
            raise
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise
        shutil.rmtree(work, ignore_errors=True)

    def write(self, name: str, data: bytes) -> None:
        """Write one file, at once, and note its digest."""
        digest = hashlib.sha256(data).hexdigest()
        target = self._place(name)
        self._make_way(name, target, digest)
        write_bytes(target, data)
        self.note(name, digest)

    def note(self, name: str, digest: str) -> None:
        """Note that a file of this folder has been written."""
        if self.digests.get(name) != digest:
            self.digests[name] = digest
            self._write()

    def remove(self, name: str) -> None:
        """Remove a file that was written here and is unchanged; forget one that is not."""
        digest = self.digests.pop(name, None)
        if digest is None or (target := _inside(self.path, name)) is None:
            return
        if target.is_symlink() or not target.is_file() or sha256_of(target) != digest:
            return
        target.unlink()
        for parent in target.parents:
            if parent == self.path or any(parent.iterdir()):
                break
            parent.rmdir()

    def notices(self) -> list[str]:
        """Return a sentence for each file that was kept under another name."""
        return [
            f"{path} was not as lgn wrote it; it is kept as {aside}" for path, aside in self.kept
        ]

    def note_all(self, below: str) -> None:
        """Note every file below a folder in here, whoever wrote it while this folder was held."""
        for path in sorted((self.path / below).rglob("*")):
            if path.is_file() and not path.is_symlink():
                self.digests[path.relative_to(self.path).as_posix()] = sha256_of(path)
        self._write()

    def clear(self, below: str = ".") -> None:
        """Remove all files that were written here, or below a folder in here, and are unchanged.

        What is left of that folder is kept aside.
        """
        for name in list(self.digests):
            if below == "." or name.startswith(f"{below}/"):
                self.remove(name)
        if below != "." and (self.path / below).exists():
            self.kept.append((self.path / below, keep_aside(self.path / below)))
        self._write()

    def _replace(self, work: Path, facts: dict[str, Any]) -> None:
        """Put the files of a finished run in the place of the earlier ones, and remove those
        that it no longer has.
        """
        found = {
            path.relative_to(work).as_posix(): sha256_of(path)
            for path in sorted(work.rglob("*"))
            if path.is_file() and not path.is_symlink()
        }
        places = {name: self._place(name) for name in found}
        stale = [name for name in self.digests if name not in found]
        for name, target in places.items():
            # Before anything is replaced: what somebody else put there is renamed, not lost.
            self._make_way(name, target, found[name])
        self.digests |= found
        self._facts = facts
        self._write(work.name)  # before the files: a crash must not make them foreign
        for name, target in places.items():
            _move(work / name, target)
        for name in stale:
            self.remove(name)
        self._write()

    def _place(self, name: str) -> Path:
        """Return where a file goes, in a folder that is made; raises UsageError if outside."""
        target = _inside(self.path, name)
        if target is None:
            raise UsageError(
                f"{self.path / name} leads out of {self.path}; remove the link, or choose another"
                " folder with --output"
            )
        for parent in reversed(target.relative_to(self.path).parents[:-1]):
            place = self.path / parent
            if place.exists() and not place.is_dir():
                self.kept.append((place, keep_aside(place)))
            place.mkdir(exist_ok=True)
        return target

    def _make_way(self, name: str, target: Path, digest: str) -> None:
        """Keep a file of somebody else that a file of ours takes the place of."""
        if not os.path.lexists(target):
            return
        if target.is_file() and sha256_of(target) in (digest, self.digests.get(name)):
            return
        if target.exists():  # a link to nothing has nothing to keep
            self.kept.append((target, keep_aside(target)))

    @property
    def manifest(self) -> dict[str, Any]:
        """The folder's mark: its format, facts, and the digest of each file."""
        own = {"format": f"lgn-{self.command} 1"}
        return own | self._facts | own | {"sha256": dict(self.digests)}

    def _write(self, unfinished: str | None = None) -> None:
        manifest = self.manifest | ({} if unfinished is None else {"unfinished": [unfinished]})
        write_text(self.path / MANIFEST, json.dumps(manifest, indent=2) + "\n")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def keep_aside(path: Path) -> Path:
    """Rename a file or folder to NAME.orig, or NAME.orig2 and so on; return the new path.

    A link stays, as what is written will go through it: what it leads to is copied.
    """
    n = 1
    while os.path.lexists(aside := path.with_name(f"{path.name}.orig{n if n > 1 else ''}")):
        n += 1
    if path.is_symlink() and path.is_file():
        shutil.copy2(path, aside)
    else:
        path.rename(aside)
    return aside


def _manifest_of(folder: Path, command: str) -> dict[str, Any] | None:
    """Return the command's manifest, None for a new folder; raises UsageError for another's."""
    line = command_line_of(command)
    if os.path.lexists(folder) and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name a folder for what `{line}` writes")
    names = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    others = [name for name in names if not NOTHING.fullmatch(name)]
    if not others:
        return None
    manifest = read_manifest(folder)
    option = "" if command == "new" else " with --output"  # lgn new has its folder as an argument
    remedy = f"choose a new or empty folder{option}, as {folder / f'lgn-{command}'}"
    if manifest is None:
        shown = ", ".join(others[:SHOWN]) + (", ..." if len(others) > SHOWN else "")
        raise UsageError(f"{folder} holds files that lgn did not write ({shown}); {remedy}")
    owner, _, number = manifest["format"].removeprefix("lgn-").partition(" ")
    if owner != command:
        other = command_line_of(owner)
        raise UsageError(f"{folder} belongs to `{other}`, not to `{line}`; {remedy}")
    if int(number) > 1:
        raise UsageError(f"{folder} was written by a newer lgn-hw; upgrade it, or {remedy}")
    return manifest


def _inside(folder: Path, name: str) -> Path | None:
    """Return the path of a name in a manifest, or None where it is not inside the folder."""
    parts = PurePosixPath(name).parts
    if not parts or PurePosixPath(name).is_absolute() or ".." in parts:
        return None
    target = folder.joinpath(*parts)
    inside = target.parent.resolve().is_relative_to(folder.resolve())
    return target if inside and target.name not in (MANIFEST, LOCK) else None


def _move(source: Path, target: Path) -> None:
    """Rename a file to its place; a link there is written through, and a mode stays."""
    if target.is_symlink():
        write_bytes(target, source.read_bytes())
        return
    if target.exists():
        source.chmod(stat.S_IMODE(target.stat().st_mode))
    os.replace(source, target)


def _remove_unfinished(folder: Path, name: Any) -> None:
    """Remove the folder of a run that was killed, if it is really one."""
    work = folder / str(name)
    if re.fullmatch(UNFINISHED, str(name)) and work.is_dir() and not work.is_symlink():
        shutil.rmtree(work, ignore_errors=True)
