"""Fuzz proofreading for some minutes: ``python tests/fuzz/campaign.py --engine hypothesis --minutes 10 --seed 0``.

With ``--engine atheris`` (extra ``fuzz``) the coverage of our modules guides what is tried. What was found is printed
as Python text; the exit code is 1 then.
"""

import argparse
import atexit
import sys
import time
import traceback
from collections import Counter


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=("hypothesis", "atheris"), default="hypothesis")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    run = {"hypothesis": with_hypothesis, "atheris": with_atheris}[options.engine]
    run(60 * options.minutes, options.seed)


def with_hypothesis(seconds: float, seed: int) -> None:
    """Rounds of 200 examples, each with a seed of its own, until the time is up."""
    import target
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded
    from strategy import names, texts, tokens

    outcomes: Counter[str] = Counter()
    until, rounds, slowest = time.monotonic() + seconds, 0, 0.0
    quiet = settings(
        max_examples=200,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    while time.monotonic() < until:

        @seeded(seed * 1_000_000 + rounds)
        @quiet
        @given(texts, names, tokens)
        def attempt(text: str, name: str, source: str) -> None:
            nonlocal slowest
            begun = time.process_time()
            outcomes[target.try_text(text, name)] += 1
            target.try_typesetting(source)
            slowest = max(slowest, time.process_time() - begun)

        attempt()
        rounds += 1
    print(
        f"hypothesis: {outcomes.total()} texts in {seconds / 60:g} minutes, slowest {slowest:.1f} s of CPU, {dict(outcomes)}"
    )


def with_atheris(seconds: float, seed: int) -> None:
    """libFuzzer's loop, guided by the coverage of the modules that read and judge."""
    import atheris

    with atheris.instrument_imports(include=["derivations", "elbocheck"]):
        import target

    outcomes: Counter[str] = Counter()

    def attempt(data: bytes) -> None:
        choices = atheris.FuzzedDataProvider(data)
        parts = []
        while choices.remaining_bytes():
            token = target.TOKENS[choices.ConsumeIntInRange(0, len(target.TOKENS) - 1)]
            parts.append(token if choices.ConsumeIntInRange(0, 9) else choices.ConsumeUnicodeNoSurrogates(4))
        text = " ".join(parts).replace("\\n", "\n")
        try:
            outcomes[target.try_text(f"\\[ {text} \\]", target.NAMES[len(data) % 2])] += 1
            target.try_typesetting(text)
        except BaseException:
            print(f"found: {text!r}")
            traceback.print_exc()
            raise

    started = time.monotonic()
    libfuzzer = [sys.argv[0], f"-max_total_time={seconds:.0f}", f"-seed={seed + 1}", "-max_len=120", "-timeout=60"]
    atheris.Setup([*libfuzzer, "-rss_limit_mb=4096", "-verbosity=1"], attempt)
    atexit.register(
        lambda: print(
            f"atheris: {outcomes.total()} texts in {(time.monotonic() - started) / 60:.1f} minutes, {dict(outcomes)}"
        )
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
