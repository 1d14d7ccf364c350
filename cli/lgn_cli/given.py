"""Which options a user gave: one that the chosen form of a command does not use is refused.

An option that is ignored in silence is a wrong result for whoever believes that it counted.
"""

from collections.abc import Collection

import typer

from lgn_hw.errors import UsageError

__all__ = ["refuse_others"]


def refuse_others(context: typer.Context, form: str, takes: Collection[str]) -> None:
    """Raise UsageError naming the options that were given and `form` does not take.

    form: what was chosen, as `--to c`. takes: names of parameters; arguments and --json always go.
    """
    found = []
    for parameter in context.command.params:
        name = parameter.name or ""
        # An option's value does not say whether it was given: it may have been given as its
        # default.
        source = context.get_parameter_source(name)
        given = source is not None and source.name == "COMMANDLINE"
        if parameter.param_type_name == "option" and given and name not in (*takes, "json"):
            found.append(_written(parameter.opts[0], context.params[name]))
    if found:
        raise UsageError(
            f"{form} takes no {' and no '.join(found)}; leave out what it does not take"
        )


def _written(option: str, value: object) -> str:
    """Return an option as it was given: with its value, but for a flag."""
    if isinstance(value, bool):
        return option
    values = value if isinstance(value, list | tuple) else [value]
    return " ".join([option, *map(str, values)])
