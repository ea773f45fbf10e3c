"""The report of a pipeline's run, for people."""

from typing import Any

from rich.console import Console
from rich.markup import escape


def show(report: dict[str, Any], console: Console) -> None:
    """The report in a few lines for people."""
    for name, found in report["channels"].items():
        line = ", ".join(f"{found[key]} {key}" for key in ("received", "accepted", "duplicate", "quarantined"))
        console.print(f"  {name}: {line}" if found["files"] else f"  {name}: [yellow]no file found[/]")
        for columns in ("extra_columns", "missing_columns"):
            if found.get(columns):
                console.print(f"    [yellow]{columns.replace('_', ' ')}: {', '.join(found[columns])}[/]")
        for file in found["delivered"]:
            if file.get("note"):
                console.print(f"    [yellow]{escape(file['file'] + ': ' + file['note'])}[/]", highlight=False)
        if found.get("kept"):
            console.print(f"    [yellow]{escape(found['kept'])}[/]", highlight=False)
        if found["deleted"]:
            console.print(f"    {found['deleted']} deleted, since the source has them no more")
        if found["refused_now"]:
            console.print(f"    [yellow]{found['refused_now']} kept as they were: the contract refuses them now[/]")
        if found["in_doubt"]:
            console.print(f"    [yellow]{found['in_doubt']} identifiers count as refused until somebody looks[/]")
        for reason, count in {**found["reasons"], **found["unreadable"]}.items():
            console.print(f"    {count} x {reason}", markup=False, highlight=False)
    if report["unnamed_files"]:
        unnamed = escape(", ".join(report["unnamed_files"]))
        console.print(f"  [yellow]files that no contract names: {unnamed}[/]", highlight=False)
    for name, rows in report["left_out"].items():
        console.print(f"  [yellow]{name}: {rows} rows left out, whose person was erased[/]")
    if report["live"]["events"]:
        console.print(f"  live: {report['live']['events']} events, {report['live']['records']} records")
    for kind, found in report["identity_notes"].get("shared_by_too_many", {}).items():
        console.print(f"  [yellow]{kind}: {found['values']} values of up to {found['most_records']} records[/]")
    if held := report["identity_notes"].get("held_for_review"):
        console.print(f"  [yellow]held for review: {held['components']} groups of up to {held['largest']} records[/]")
    if unlearned := report["identity_notes"].get("model"):
        console.print(f"  [yellow]model: {unlearned}[/]")
    console.print(f"{report['records']} records are {report['profiles']} profiles, as of {report['as_of']}.")
    changed = report["rows_changed"]
    console.print(f"{changed} rows changed in the lake." if changed else "No row changed in any table.")
    console.print(f"{report['seconds']['total']} s.")
