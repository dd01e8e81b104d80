"""`textfuse completion`: a script by which a shell completes verbs, options and their values."""

import argparse
import shlex

EXAMPLES = """\
once for all terminals:
  textfuse completion bash >> ~/.bashrc
  textfuse completion zsh >> ~/.zshrc
  textfuse completion fish > ~/.config/fish/completions/textfuse.fish
"""

# Words of the verb that stands first; after an option with choices those, else files.
BASH = """\
_textfuse() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} words=
    if [ "$COMP_CWORD" -eq 1 ]; then
        words={verbs}
    else
        case "${{COMP_WORDS[1]}} $before" in
{choices}
            *) case "${{COMP_WORDS[1]}}" in
{options}
            esac ;;
        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -F _textfuse textfuse"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="for which shell")


def run(args: argparse.Namespace) -> int:
    """Print the script; returns 0."""
    parsers = args.parsers()
    if args.shell == "fish":
        print(_fish(parsers))
    else:
        print(("autoload -U +X bashcompinit && bashcompinit\n" if args.shell == "zsh" else "") + _bash(parsers))
    return 0


def _options(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Of a verb and of what it is followed by, each once."""
    named = {}
    for one in (parser, *subverbs(parser).values()):
        for action in one._actions:  # argparse has no public list of them
            named[tuple(action.option_strings)] = action
    return [action for names, action in named.items() if names]


def subverbs(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers of what a verb is followed by, as `eval` in `textfuse fleet eval`; empty for most verbs."""
    found = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(found[0].choices) if found else {}


def _bash(parsers: dict[str, argparse.ArgumentParser]) -> str:
    choices, options = [], []
    for verb, parser in parsers.items():
        names = [name for action in _options(parser) for name in action.option_strings if name.startswith("--")]
        names = [*subverbs(parser), *names]
        options.append(f"            {verb}) words={shlex.quote(' '.join(names))} ;;")
        for action in _options(parser):
            if action.choices:
                pattern = "|".join(f"{verb}\\ {name}" for name in action.option_strings)
                choices.append(f"            {pattern}) words={shlex.quote(' '.join(map(str, action.choices)))} ;;")
    return BASH.format(verbs=shlex.quote(" ".join(parsers)), choices="\n".join(choices), options="\n".join(options))


def _fish(parsers: dict[str, argparse.ArgumentParser]) -> str:
    lines = []
    for verb, parser in parsers.items():
        purpose = shlex.quote(parser.description or "")
        lines.append(f"complete -c textfuse -n __fish_use_subcommand -f -a {verb} -d {purpose}")
        for name, one in subverbs(parser).items():
            about = shlex.quote(one.description or "")
            lines.append(f"complete -c textfuse -n '__fish_seen_subcommand_from {verb}' -f -a {name} -d {about}")
        for action in _options(parser):
            long = next((name for name in action.option_strings if name.startswith("--")), "")
            if not long:
                continue
            values = f" -x -a {shlex.quote(' '.join(map(str, action.choices)))}" if action.choices else ""
            needs = "" if action.nargs == 0 or action.choices else " -r"
            lines.append(f"complete -c textfuse -n '__fish_seen_subcommand_from {verb}' -l {long[2:]}{needs}{values}")
    return "\n".join(lines)
