"""What is undocumented, or documented and not so, is red."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "corpus/*.md", "deploy/*.md", "docs/**/*.md", "index/*.md", "tests/**/*.md")
    for path in ROOT.glob(pattern)
)
DECISIONS = sorted((ROOT / "docs/decisions").glob("*.md"))
SOURCE = ROOT / "src/allchat"
MODULES = sorted(
    path.relative_to(SOURCE).with_suffix("").as_posix()
    for path in SOURCE.rglob("*.py")
    if not path.stem.startswith("__")
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NEEDED = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["build"]]
"""What serves, and what builds."""
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def slug(heading: str) -> str:
    """The anchor that a heading gets: small letters, spaces to hyphens, punctuation gone."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def pins() -> dict[str, str]:
    lines = [line for line in read("constraints.txt").splitlines() if not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}


# README


def first_screen() -> str:
    return read("README.md").split("\n## ")[0]


def test_the_first_screen_of_the_readme_has_exactly_two_commands() -> None:
    fenced = [line for block in FENCE.findall(first_screen()) for line in block.splitlines()[1:-1]]
    shell = re.findall(r"^```sh\n(.*?)^```$", first_screen(), re.DOTALL | re.MULTILINE)
    assert shell == ["make chat\nmake test\n"]
    assert [line for line in fenced if line.startswith(("make ", "$ "))] == ["make chat", "make test"]


@pytest.mark.parametrize("target", ["chat", "test"])
def test_the_two_commands_are_targets_of_the_makefile_and_install_first(target: str) -> None:
    assert re.search(rf"^{target}: setup\b", read("Makefile"), re.MULTILINE)


def test_make_alone_lists_every_target() -> None:
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    declared = re.findall(r"^\.PHONY: (.*)$", read("Makefile"), re.MULTILINE)[0].split()
    assert re.findall(r"^ +make (\w+) ", listed, re.MULTILINE) == declared


@pytest.mark.parametrize("block", ["transcript", "settings"])
def test_the_readme_has_a_place_for_what_is_generated(block: str) -> None:
    readme = read("README.md")
    assert readme.count(f"<!-- {block} -->") == readme.count(f"<!-- /{block} -->") == 1
    assert readme.index(f"<!-- {block} -->") < readme.index(f"<!-- /{block} -->")


# The other documents


@pytest.mark.parametrize("module", MODULES)
def test_every_module_is_in_the_architecture(module: str) -> None:
    package, _, name = module.rpartition("/")
    rows = [line for line in read("docs/architecture.md").splitlines() if line.startswith(f"| `{package or name}` |")]
    assert len(rows) == 1
    assert f"`{name}`" in rows[0]


def test_the_architecture_names_the_layers_of_the_import_contract_in_its_order() -> None:
    layers = read(".importlinter").split("layers =\n")[1].split("\n\n")[0]
    drawn = read("docs/architecture.md").split("`make check`):\n")[1].split("\n\nInside")[0]
    assert re.findall(r"\w+", layers.replace("(__main__)", "")) == re.findall(r"\w+", drawn)


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_every_decision_has_the_four_headings(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.fullmatch(r"\d{4}-[a-z0-9-]+", path.stem)
    assert text.startswith(f"# {path.stem[:4]}: ")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == [
        "Context",
        "Decision",
        "What was measured",
        "What would change our mind",
    ]


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(path.stem[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    for link in LINK.findall(FENCE.sub("", path.read_text(encoding="utf-8"))):
        if link.startswith(("https://", "http://", "mailto:", "tel:")):
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), f"{path}: {link}"
        if anchor and target.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in map(slug, headings), f"{path}: {link}"


def test_the_changelog_begins_with_what_is_unreleased() -> None:
    assert re.findall(r"^## (.*)$", read("CHANGELOG.md"), re.MULTILINE)[0] == "[Unreleased]"


# The sources


def corpus_tables() -> list[dict[str, object]]:
    tables: list[dict[str, object]] = tomllib.loads(read("corpus/corpus.toml"))["source"]
    return tables


def test_every_key_of_corpus_toml_is_explained() -> None:
    explained = read("corpus/keys.md")
    for table in corpus_tables():
        for key, value in table.items():
            nested = isinstance(value, list) and isinstance(value[0], dict)
            assert (f"`[[source.{key}]]`" if nested else f"`{key}`") in explained, key
            for inner in {inner for row in value for inner in row} if nested and isinstance(value, list) else ():
                assert f"`{inner}" in explained, f"{key}.{inner}"


@pytest.mark.parametrize("table", corpus_tables(), ids=lambda table: str(table["id"]))
def test_the_corpus_readme_says_of_each_source_what_corpus_toml_says(table: dict[str, str]) -> None:
    explained = read("corpus/README.md")
    assert f"`{table['file']}`" in explained
    assert "date not stated" in explained if table["revised"] == "unknown" else table["revised"] in explained
    assert table["publisher"].split(";")[0] in explained


# Dependencies


def test_every_runtime_dependency_has_its_reason() -> None:
    reasons = read("docs/decisions/0004-dependencies.md").split("| package |")[1].split("\n\n")[0]
    for dependency in NEEDED:
        assert f"`{Requirement(dependency).name}`" in reasons, dependency


def imported(path: Path) -> set[str]:
    """The packages that a module imports anywhere in it, by their outermost name."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.split(".")[0] for name in names}


@cache
def providers() -> Mapping[str, list[str]]:
    """The distributions behind each importable name: reading all that is installed takes a second."""
    return importlib.metadata.packages_distributions()


@pytest.mark.parametrize("module", MODULES)
def test_what_a_module_imports_is_declared(module: str) -> None:
    wanted = [
        *NEEDED,
        *(PROJECT["optional-dependencies"]["dev"] if module.startswith("benchmark/") else ()),
        *(PROJECT["optional-dependencies"]["postgres"] if module.startswith("search/postgres") else ()),
    ]
    declared = {canonicalize_name(Requirement(text).name) for text in wanted}
    for name in imported(ROOT / f"src/allchat/{module}.py") - sys.stdlib_module_names - {"allchat"}:
        assert declared & {canonicalize_name(provider) for provider in providers().get(name, [name])}, name


def test_pins_are_exact_versions_without_addresses_or_builds() -> None:
    for line in read("constraints.txt").splitlines():
        assert re.fullmatch(r"#.*|[A-Za-z0-9_.-]+==[0-9][0-9a-z.]*", line), line


def test_every_package_that_allchat_reaches_is_pinned_to_what_is_installed() -> None:
    held = pins()
    waiting = [Requirement(text) for text in [*NEEDED, *PROJECT["optional-dependencies"]["dev"]]]
    seen: set[tuple[str, str]] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name == "triton" or name.startswith(("nvidia-", "cuda-")):
            continue  # torch's build for graphics cards brings them, its build for processors does not
        installed = importlib.metadata.distribution(requirement.name)
        assert held.get(name) == installed.version.split("+")[0], (
            f"{name} {installed.version}: run make setup or make pins"
        )
        for extra in {"", *requirement.extras} - {extra for known, extra in seen if known == name}:
            seen.add((name, extra))
            needs = [Requirement(text) for text in installed.requires or ()]
            waiting += [need for need in needs if need.marker is None or need.marker.evaluate({"extra": extra})]


def test_the_model_decision_names_the_hash_of_every_file_it_trusts() -> None:
    table = read("docs/decisions/0002-model-package.md")
    hashes = dict(re.findall(r"^\| `([\w.]+)` \| `([0-9a-f]{64})` \|$", table, re.MULTILINE))
    assert set(hashes) == {"model.safetensors", "tokenizer.json", "vocab.txt", "config.json"}


def test_the_librarians_guide_is_two_pages() -> None:
    assert len(read("corpus/README.md").split()) <= 1300
