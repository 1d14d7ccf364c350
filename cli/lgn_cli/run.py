"""`lgn run`: classify samples on a board, and compare with the software."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from lgn_cli.console import JsonOption, LabelOption, finite, print_json, print_notices, say, status
from lgn_hw.classifier import Classifier
from lgn_hw.counted import counted
from lgn_hw.errors import CheckFailed

if TYPE_CHECKING:
    from lgn_boards.host import Device, PredictError

__all__ = ["run"]

SIMULATED = "simulated"


def run(
    classifier: Annotated[Path, typer.Argument(help="The classifier, a .lgn file.")],
    data: Annotated[Path, typer.Option(help="Samples, .npz or .csv, as for lgn predict.")],
    port: Annotated[
        str, typer.Option(help="A serial port; auto: look for it; simulated: no board at all.")
    ] = "auto",
    samples: Annotated[int, typer.Option(min=0, help="How many at most; 0: all.")] = 0,
    baud: Annotated[int, typer.Option(min=300, max=20_000_000, help="As built.")] = 1_000_000,
    timeout: Annotated[
        float,
        typer.Option(min=0.01, max=3600, callback=finite, help="Seconds without an answer."),
    ] = 0.5,
    label: LabelOption = None,
    json: JsonOption = False,
) -> None:
    """Send samples to a board: accuracy, agreement with the software, and rate.

    The board must hold this very classifier. Exits with 1 where a class differs from the
    software's, with 4 where the board does not answer, or is gone in mid-batch: then with what
    had been classified until then.

    Examples:

        lgn run build/digits/digits.lgn --port auto --data build/digits/test.npz

        lgn run build/digits/digits.lgn --port simulated --data build/digits/test.npz --samples 5
    """
    from lgn_hw.samples import read_samples

    loaded = Classifier.load(classifier)
    given = read_samples(loaded, data, label)
    print_notices(given.notices)
    codes = (given[:samples] if samples else given).codes
    with status("looking for the board") as shown, _open(loaded, port, baud, timeout) as on:
        # First: a board with a wrong bitstream is found before any sample is sent.
        failures = on.self_test().failures
        say = f"of {counted(len(codes), 'sample')}"
        found, lost = _predict(on, codes, lambda done: shown.update(f"{done:,} {say}"))
        # A board that is gone cannot be asked for its counters.
        counters = None if lost else on.counters()
    # Of a batch that was cut short, what was classified is compared all the same.
    given = given[: len(found)]
    codes = given.codes
    wrong = (found != loaded.predict(codes)).nonzero()[0]
    result: dict[str, Any] = {
        "digest": loaded.digest,
        "samples": len(codes),
        "complete": lost is None,
        "labelled": given.labelled,
        "accuracy": given.accuracy(found),
        # Of no samples the agreement is 1, as there is none that differs.
        "agreement": 1 - len(wrong) / max(1, len(codes)),
        "simulated": port == SIMULATED,
        "samples_per_second": vars(on.rates),
        "self_test_failures": failures,
        "repeated_requests": on.client.repeated,
        "counters": None if counters is None else vars(counters),
    }
    if json:
        print_json(result)
    else:
        _print(result)
    # After the figures are printed, which a failing run should leave behind as well.
    _check(loaded, codes, found, failures)
    if lost is not None:
        raise lost


def _predict(
    device: "Device", codes: NDArray[np.int64], progress: Callable[[int], None]
) -> tuple[NDArray[np.int32], "PredictError | None"]:
    """Return the classes, and why those are not all, where they are not."""
    from lgn_boards.host import PredictError

    try:
        return device.predict(codes, progress), None
    except PredictError as problem:
        return problem.classes, problem


def _open(classifier: Classifier, port: str, baud: int, timeout: float) -> "Device":
    """Open a board on a port, or one that is simulated."""
    from lgn_boards.host import Device

    if port == SIMULATED:
        return Device.simulated(classifier)
    return Device.open(classifier, port, baud=baud, timeout=timeout)


def _check(
    classifier: Classifier, codes: NDArray[np.int64], found: NDArray[np.int32], failures: int
) -> None:
    """Raise CheckFailed where the board differs from the software."""
    if failures:
        raise CheckFailed(f"The board's self-test has {failures} wrong classes")
    expected = classifier.predict(codes)
    wrong = (found != expected).nonzero()[0]
    if len(wrong):
        first, names = int(wrong[0]), classifier.classes
        raise CheckFailed(
            f"{len(wrong):,} of {len(codes):,} classes differ from the software's; the first is"
            f" sample {first}: the board says {names[found[first]]}, the software"
            f" {names[expected[first]]}"
        )


def _print(result: dict[str, Any]) -> None:
    """Print accuracy, agreement and rates."""
    rates = result["samples_per_second"]
    if result["accuracy"] is not None:
        say(f"accuracy {100 * result['accuracy']:.2f} % of {counted(result['labelled'], 'sample')}")
    say(f"agreement with the software {100 * result['agreement']:.2f} %")
    measured = "" if result["simulated"] else f"{rates['measured']:,.1f} samples/s measured; "
    say(
        f"{measured}the link allows {rates['link']:,.1f}, the core {rates['core']:,.1f}:"
        f" the {rates['limit']} is the limit"
    )
    verdict = "FAILED" if result["self_test_failures"] else "passed"
    counters = result["counters"]
    errors_seen = "" if counters is None else f", {counters['framing_errors']} framing errors"
    say(f"self-test {verdict}; {result['repeated_requests']} requests repeated{errors_seen}")
