"""``licoat criteria``: the profiles of a screen, shown and copied."""

import argparse
import sys
from pathlib import Path
from typing import Any

from licoat.workflows.commands.common import add_command, path_text, print_json

__all__ = ["add"]


def add(commands: Any) -> None:  # noqa: ANN401 - argparse has no public name for it
    """Add the command to the parser."""
    text = "the criteria of a screen by profile: list them, show one, copy one to change it"
    parser: argparse.ArgumentParser = commands.add_parser("criteria", help=text, description=text)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    add_command(actions, "list", _list, "name the profiles and what they look for", source=False)
    show = add_command(actions, "show", _show, "show the criteria of a profile with reasons and sources", source=False)
    copy = add_command(actions, "copy", _copy, "copy the criteria file of a profile, to change it", source=False)
    for action in (show, copy):
        action.add_argument("profile", metavar="NAME", help="separator, host or barrier")
    copy.add_argument("file", type=path_text, metavar="FILE", help="file to write, for `licoat screen --criteria FILE`")


def _list(options: argparse.Namespace) -> None:
    from licoat.workflows.screening.criteria import PROFILES, profile_description

    profiles = {name: profile_description(name) for name in PROFILES}
    if options.json:
        print_json(profiles)
    elif not options.quiet:
        sys.stdout.write("".join(f"{name:<12}{text}\n" for name, text in profiles.items()))


def _show(options: argparse.Namespace) -> None:
    from licoat.workflows.screening.criteria import load_criteria, profile_description, profile_file

    criteria = load_criteria(profile_file(options.profile))
    if options.json:
        print_json({"description": profile_description(options.profile), "criteria": [c.to_dict() for c in criteria]})
    elif not options.quiet:
        from licoat.workflows.output.console import print_criteria

        print_criteria(profile_description(options.profile), criteria)


def _copy(options: argparse.Namespace) -> None:
    from licoat.structures.errors import InputFileError
    from licoat.workflows.screening.criteria import profile_file

    source, target = profile_file(options.profile), Path(options.file)
    if target.exists():
        raise InputFileError(f"{options.file!r} exists already: nothing is written over")
    target.write_bytes(source.read_bytes())
    if options.json:
        print_json({"file": str(target)})
    elif not options.quiet:
        sys.stdout.write(f"Wrote {target}; `licoat screen --criteria {target}` uses it\n")
