"""Published files: from the folder of data sets, or by one checked download into the cache."""

import hashlib
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lgn_hw.errors import UsageError
from lgn_hw.files.atomic import write_bytes

__all__ = ["Published", "given_folder"]

TIMEOUT_S = 60


@dataclass(frozen=True)
class Published:
    """Files that are published together.

    title: what they are, for messages. folder: where they lie below $LGN_DATA and below the
    cache, `$XDG_CACHE_HOME/lgn-hw`. url: what a name is appended to. sha256: of each, by name.
    """

    title: str
    folder: str
    url: str
    sha256: Mapping[str, str]

    def read(self, name: str) -> bytes:
        """Return a file's bytes, from $LGN_DATA where that is set, else from the cache, which a
        download fills. Raises UsageError where it is missing or not the published one.
        """
        given = given_folder(self.folder)
        path = (given or self.cache) / name
        if given and not path.is_file():
            raise UsageError(f"LGN_DATA is set, and {path} is missing; {self._remedy(given)}")
        if not path.is_file():
            self._download(path)
        data = path.read_bytes()
        self._check_digest(data, name, str(path))
        return data

    @property
    def cache(self) -> Path:
        """The folder of the cache that downloads go to."""
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        return Path(base) / "lgn-hw" / self.folder

    def _download(self, path: Path) -> None:
        """Fetch a file, check it, and only then put it in its place. Raises UsageError with what to
        do on a machine without a network.
        """
        url = self.url + path.name
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT_S) as response:
                data: bytes = response.read()
        except (urllib.error.URLError, OSError) as problem:
            raise UsageError(
                f"{self.title} is not on this machine and {url} cannot be read ({problem});"
                f" {self._remedy(path.parent)}"
            ) from problem
        self._check_digest(data, path.name, url)
        write_bytes(path, data)

    def _check_digest(self, data: bytes, name: str, where: str) -> None:
        """Raise UsageError where bytes are not the published ones; where: the path or address, for
        the message.
        """
        found = hashlib.sha256(data).hexdigest()
        if found != self.sha256[name]:
            raise UsageError(
                f"{where} is not the published {name}: its SHA-256 is {found}, not"
                f" {self.sha256[name]}; delete it and fetch it again"
            )

    def _remedy(self, folder: Path) -> str:
        """Say how the files get onto this machine."""
        them = "them" if len(self.sha256) > 1 else "it"
        return (
            f"put {', '.join(self.sha256)} into {folder}, or set LGN_DATA to a folder that holds"
            f" {them} in {self.folder}/"
        )


def given_folder(folder: str) -> Path | None:
    """Return a folder of the data sets that LGN_DATA names; None where it is not set.

    folder: below $LGN_DATA. It need not exist: a missing file is the reader's error, with its name.
    """
    given = os.environ.get("LGN_DATA")
    return Path(given) / folder if given else None
