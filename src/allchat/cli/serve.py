"""The commands of an operator: serve, doctor."""

from __future__ import annotations

import json
import socket
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path

import click

from allchat.cli.group import cli, contact, guarded, open_chat, settings_options
from allchat.search.shelf import shelf_at
from allchat.settings import load_settings, settings_in_force
from allchat.web.process import keep_to_itself, raise_file_limit
from allchat.web.reload import Following


@cli.command()
@settings_options
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on; 0 takes a free one.")
@guarded
def serve(
    host: str | None, port: int | None, index: Path | None, corpus: Path | None, settings_file: Path | None
) -> None:
    """Open the chat page and the HTTP doors."""
    keep_to_itself()
    raise_file_limit()
    settings = load_settings(settings_file, index=index, corpus=corpus, host=host, port=port)
    # Imported here: the server brings gradio, which the other commands must not pay for.
    from allchat.web.app import create_app
    from allchat.web.counts import Counts
    from allchat.web.logs import configure_logs
    from allchat.web.staff.pages import staff_router
    from allchat.web.uvicorn_server import serve_until_stopped as listen

    port = settings.port or _free_port(settings.host)
    shelf = shelf_at(settings.index, store=settings.store)
    chat = Following(partial(open_chat, settings, shelf=shelf), index=settings.index, shelf=shelf)
    configure_logs(requests=settings.log_requests)
    password = settings.staff_password.get_secret_value()
    counts = Counts(settings.counts) if settings.counts else None
    staff = staff_router(chat, password=password, counts=counts, reports=settings.reports) if password else None
    app = create_app(
        chat,
        allowed_origins=settings.allowed_origins,
        embed_sites=settings.embed_sites,
        questions_per_minute=settings.questions_per_minute,
        seconds=settings.question_seconds,
        metrics_token=settings.metrics_token.get_secret_value(),
        api_tokens=settings.api_tokens.get_secret_value().split(),
        contact=contact(settings).values(),
        staff=staff,
        votes=settings.votes,
        counts=counts,
    )
    click.echo(f"allchat: open http://{settings.host}:{port} in a browser. Ctrl-C ends it.")
    with chat.watching():
        listen(app, host=settings.host, port=port, trusted_proxies=settings.trusted_proxies)


@cli.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print the findings and the settings as JSON.")
@click.option("--strict", is_flag=True, help="End with 1 on a warning, too.")
@settings_options
@guarded
def doctor_command(
    *, as_json: bool, strict: bool, index: Path | None, corpus: Path | None, settings_file: Path | None
) -> None:
    """Say what is installed, what state index, model, corpus and disk are in, which settings hold, and what to do."""
    from allchat.cli import doctor
    from allchat.cli.unsafe import unsafe_settings

    chosen = {"index": index, "corpus": corpus}
    settings, in_force = load_settings(settings_file, **chosen), settings_in_force(settings_file, **chosen)
    findings = list(
        doctor.examine(
            index=settings.index,
            store=settings.store,
            corpus=settings.corpus,
            model=settings.model,
            passage_tokens=settings.passage_tokens,
            staff_password=settings.staff_password.get_secret_value(),
            votes=settings.votes,
            counts=settings.counts,
            reports=settings.reports,
        )
    )
    findings += unsafe_settings(settings)
    if as_json:
        shown = {name: {"value": value, "origin": origin} for name, (value, origin) in in_force.items()}
        record = {"findings": [asdict(finding) for finding in findings], "settings": shown}
        click.echo(json.dumps(record, ensure_ascii=False, indent=2))
    else:
        click.echo(doctor.findings_report(findings, settings=in_force))
    if any(finding.state in (("problem", "warning") if strict else ("problem",)) for finding in findings):
        sys.exit(1)


def _free_port(host: str) -> int:
    with socket.create_server((host, 0)) as listener:
        return int(listener.getsockname()[1])
