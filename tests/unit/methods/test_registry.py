from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pytest_evalsuite.errors import ConfigurationError
from pytest_evalsuite.methods import Answer, Method, MethodRegistry, Score, get_method, method_names
from pytest_evalsuite.methods._registry import ALIASES

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "methods.md"
BUILT_IN = ("contains", "exact_match", "json_match", "keyword_match", "numeric", "regex", "similarity")


class Tone(Method):
    """Is polite."""

    method: ClassVar[str] = "tone"

    def score(self, answer: Answer) -> Score:
        return Score("please" in answer.text)


def shouts(actual: str) -> bool:
    return actual.isupper()


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_method_is_found_by_its_name(name: str) -> None:
    found = get_method(name)
    assert issubclass(found, Method)
    assert found.method == name
    assert found is MethodRegistry().get(name)


def test_names_lists_modules_and_what_is_registered() -> None:
    registry = MethodRegistry()
    registry.register("tone", Tone)
    assert set(registry.names()) >= {*BUILT_IN, "tone"}
    assert "tone" not in method_names()
    assert not any(name.startswith("_") for name in method_names())


@pytest.mark.parametrize("name", ["similarty", "Similarity", "_base", "_text", "..errors", "", "os"])
def test_an_unknown_name_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"unknown method .*\(known: accuracy, "):
        get_method(name)


def test_a_misspelt_name_gets_a_suggestion() -> None:
    with pytest.raises(ConfigurationError, match="unknown method 'similarty'; did you mean 'similarity'"):
        get_method("similarty")


def test_a_registered_method_is_known_to_its_registry_alone() -> None:
    registry = MethodRegistry()
    assert registry.register("tone", Tone) is Tone
    assert registry.get("tone") is Tone
    with pytest.raises(ConfigurationError, match="unknown method 'tone'"):
        MethodRegistry().get("tone")


def test_registering_the_same_object_again_changes_nothing() -> None:
    registry = MethodRegistry()
    first = registry.register("shouts", shouts)
    assert registry.register("shouts", shouts) is first


@pytest.mark.parametrize(
    ("name", "method", "message"),
    [
        ("similarity", shouts, "'similarity' is built in"),
        ("Tone", Tone, "not 'Tone'"),
        ("tone-x", Tone, "not 'tone-x'"),
        ("tone\n", Tone, r"not 'tone\\n'"),
        ("mood", Tone, 'class Tone must say method = "mood"'),
        ("mood", Method, 'class Method must say method = "mood"'),
        ("mood", str, "must be a function or a subclass of Method"),
        ("mood", 3, "must be a function or a subclass of Method, not 3"),
    ],
)
def test_what_cannot_be_registered_is_refused(name: str, method: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        MethodRegistry().register(name, method)


def test_a_name_cannot_be_registered_for_two_objects() -> None:
    registry = MethodRegistry()
    registry.register("tone", Tone)
    with pytest.raises(ConfigurationError, match="'tone' is registered twice"):
        registry.register("tone", shouts)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Install a distribution that offers methods, as pip would leave it."""

    def make(distribution: str, entry_points: str, code: str = "") -> None:
        metadata = tmp_path / f"{distribution}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[pytest_evalsuite.methods]\n{entry_points}\n")
        (tmp_path / f"{distribution}_code.py").write_text(code)

    monkeypatch.syspath_prepend(tmp_path)
    return make


def test_an_installed_package_offers_methods(install: Any) -> None:
    install("alpha", "loud = alpha_code:loud", "def loud(actual): return actual.isupper()")
    registry = MethodRegistry()
    assert "loud" in registry.names()
    assert "alpha_code" not in sys.modules
    assert registry.get("loud").method == "loud"


@pytest.mark.parametrize(
    ("target", "code", "message"),
    [
        ("beta_code:loud", "", "method 'loud' cannot be loaded from beta_code:loud: AttributeError"),
        ("beta_code:loud", "1 / 0", "method 'loud' cannot be loaded .* ZeroDivisionError"),
        ("beta_code:loud", "loud = 3", "method 'loud' must be a function"),
    ],
)
def test_a_broken_offer_is_a_configuration_error(
    install: Any, monkeypatch: pytest.MonkeyPatch, target: str, code: str, message: str
) -> None:
    monkeypatch.delitem(sys.modules, "beta_code", raising=False)
    install("beta", f"loud = {target}", code)
    with pytest.raises(ConfigurationError, match=message):
        MethodRegistry().get("loud")


def test_two_packages_that_offer_one_name_are_refused(install: Any) -> None:
    install("gamma", "loud = gamma_code:loud")
    install("delta", "loud = delta_code:loud")
    with pytest.raises(ConfigurationError, match="offered by two installed packages"):
        MethodRegistry().get("loud")


def test_an_unused_method_is_not_imported() -> None:
    code = (
        "import sys; from pytest_evalsuite.methods import get_method; get_method('exact_match');"
        "print([m for m in ('rapidfuzz', 'regex', 'asyncio') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("alias", sorted(ALIASES))
def test_the_name_that_another_system_gives_a_method_is_understood(alias: str) -> None:
    assert MethodRegistry().get(alias) is get_method(ALIASES[alias])
    assert alias not in MethodRegistry().names()
    assert f"`{alias}` is `{ALIASES[alias]}`" in " ".join(PAGE.read_text(encoding="utf-8").split())


def test_a_method_of_ones_own_may_bear_such_a_name() -> None:
    registry = MethodRegistry()
    own = registry.register("f1", shouts)
    assert registry.get("f1") is own
