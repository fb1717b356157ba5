"""The commands that use a run's files: `train chat`, `serve`, `push`, `quants` and `verify-app`."""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from likeness.arguments import BuildPlace, Json
from likeness.command import answer, settle_libraries

RunName = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        show_default=False,
        help="A run's id or folder, or a recipe's file or folder for its newest run; else the newest run of the recipe here.",
    ),
]
Quant = Annotated[str | None, typer.Option(help="Which GGUF file, such as q4_k_m; the recipe's first by default.")]
LooksUp = Annotated[
    bool, typer.Option("--knowledge/--no-knowledge", help="Look facts up in the passages shipped with the model, if any are.")
]


def chat(
    run_name: RunName = ".",
    build_place: BuildPlace = None,
    question: Annotated[str | None, typer.Option("--question", "-q", help="Ask only this, then exit.")] = None,
    quant: Quant = None,
    temperature: Annotated[
        float | None, typer.Option(min=0.0, max=2.0, help="In place of the recipe's; 0 takes the likeliest word each time.")
    ] = None,
    knowledge: LooksUp = True,
    as_json: Json = False,
) -> None:
    """Talk to a run's GGUF file. Lines from standard input are asked one after another.

    Example: train chat my-voice/recipe.yaml
    """
    settle_libraries()
    from train.chat import Chat, Speaker, ask_each, talk
    from train.runs import find_run

    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # bytes that are no UTF-8 are a typing error, and no reason to end
    with Speaker(find_run(run_name), quant, temperature, knowledge=knowledge) as speaker:
        conversation = Chat(speaker)
        if as_json:
            piped = [] if question else sys.stdin.read().splitlines()
            turns = ask_each(conversation, [question] if question else [line.strip() for line in piped if line.strip()])
            answer({"file": str(speaker.file), **turns[-1], "turns": turns})
        elif question is not None:
            for piece in conversation.ask(question):
                print(piece, end="", flush=True)
            print()
        else:
            talk(conversation, lambda text: print(text, end="", flush=True))


def serve(
    run_name: RunName = ".",
    build_place: BuildPlace = None,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Where to listen; 0 takes any port that is free.")] = 8383,
    quant: Quant = None,
    knowledge: LooksUp = True,
    as_json: Json = False,
) -> None:
    """Serve a run's GGUF file to programs that speak OpenAI's API, and as a chat page, on this machine only, until Ctrl-C.

    Example: train serve my-voice/recipe.yaml --port 8383
    """
    import os
    import signal

    settle_libraries()
    from train.chat import Speaker
    from train.runs import find_run
    from train.serve import Server

    with Speaker(find_run(run_name), quant, knowledge=knowledge) as speaker, Server(speaker, port) as server:
        for stops in (signal.SIGINT, signal.SIGTERM):
            signal.signal(stops, signal.default_int_handler)
        where = {"url": server.url, "api": f"{server.url}/v1", "model": server.name, "pid": os.getpid()}
        try:
            if as_json:
                answer(where | {"file": str(speaker.file)})
            else:
                print(f"{speaker.file.name}: talk to it at {server.url}", flush=True)
                print(f"Programs: base URL {server.url}/v1, any key. Ctrl-C ends it.", flush=True)
            server.serve_forever()
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)


def push(
    run_name: RunName = ".",
    build_place: BuildPlace = None,
    to: Annotated[str, typer.Option(metavar="OWNER/NAME", help="Whose repositories, and what they are called.")] = "",
    only: Annotated[list[str] | None, typer.Option(help="Only this: dataset, adapter, merged or gguf; may be repeated.")] = None,
    public: Annotated[bool, typer.Option("--public", help="Let everybody see what is made; else only you.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Send it. Without this, all that would be sent is listed.")] = False,
    as_json: Json = False,
) -> None:
    """List what of a run would go to the Hugging Face hub, or send it: dataset, adapter, merged model, GGUF, with cards.

    Example: train push my-voice/recipe.yaml --to ann/my-voice --only gguf
    """
    settle_libraries()
    from likeness.progress import Progress
    from train.push import plan_push
    from train.push import push as send
    from train.runs import find_run

    repositories = plan_push(find_run(run_name), to, only or [])
    urls = []
    if yes:
        with Progress(to_stderr=as_json) as progress:
            urls = send(repositories, public=public, watch=progress)
    if as_json:
        answer({"sent": yes, "repositories": [each.as_dict() for each in repositories], "urls": urls})
    elif not yes:
        print("\n".join(line for each in repositories for line in each.lines()))
        print(f"Nothing was sent. With --yes it is, {'for everybody to see' if public else 'private'}.")


def quants(run_name: RunName = ".", build_place: BuildPlace = None, as_json: Json = False) -> None:
    """Measure which exported file keeps the voice: KL, likeness and invention of each, and the smallest within the noise.

    Example: train export my-voice/recipe.yaml --quant q8_0 --quant q4_k_m && train quants my-voice/recipe.yaml
    """
    settle_libraries()
    from likeness.progress import Progress
    from train.quants import measure_quants
    from train.runs import find_run

    with Progress(to_stderr=as_json) as progress:
        made = measure_quants(find_run(run_name), progress)
    if as_json:
        answer(made.as_dict())
    else:
        print("\n".join(made.lines()))


def verify_app(
    run_name: RunName = ".",
    build_place: BuildPlace = None,
    ollama: Annotated[str | None, typer.Option(metavar="URL", help="Ask Ollama, such as http://127.0.0.1:11434.")] = None,
    lm_studio: Annotated[str | None, typer.Option(metavar="URL", help="Ask LM Studio, such as http://127.0.0.1:1234.")] = None,
    llama_server: Annotated[
        str | None, typer.Option(metavar="URL", help="Ask a llama.cpp server that runs, such as http://127.0.0.1:8080.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="What the app calls the model; the exported name by default.")] = None,
    quant: Quant = None,
    as_json: Json = False,
) -> None:
    """Prove a run's file inside the apps: the same prompts, tokens and greedy replies as proven, or the fault and its cure.

    With no app named, llama.cpp's own server is started here for it.

    Example: train verify-app my-voice/recipe.yaml --ollama http://127.0.0.1:11434
    """
    settle_libraries()
    from likeness.progress import Progress
    from train.apps.verify import Addresses, verify_apps
    from train.runs import find_run

    addresses = Addresses(ollama, lm_studio, llama_server)
    with Progress(to_stderr=as_json) as progress:
        proofs = verify_apps(find_run(run_name), quant, addresses, model, progress)
    if as_json:
        answer({"apps": [proof.as_dict() for proof in proofs]})
    else:
        print("\n".join(line for proof in proofs for line in proof.lines()))
    if not all(proof.passed for proof in proofs):
        raise typer.Exit(1)
