"""`heldout assess`."""

from __future__ import annotations

import click

from heldout.cli.options import Output, shared


@click.command()
@click.argument("run")
@click.option("--again", is_flag=True, help="Open the seal once more, though a result is on record.")
@shared
def assess(run: str, again: bool, output: Output) -> int:
    """Open the seal of RUN: score its model on the test rows, once, and record it in the ledger.

    A run that was assessed before shows its recorded result; the seal stays closed.

    \b
    Example:
      heldout assess runs/digits
    """
    from heldout.cli.summary import summary
    from heldout.run.folder import RunFolder
    from heldout.use.assess import assess as open_seal

    folder = RunFolder(run)
    metrics = open_seal(folder, again=again)
    if output.as_json:
        output.document({"run": run, **metrics.as_dict()})
    else:
        click.echo(summary(folder, metrics))
    return 0
