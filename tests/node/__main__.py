"""Play scenarios and show what came of it.

python -m tests.node              all of them: those that differ, and how
python -m tests.node -v NAME …    those whose name has NAME in it, with Node's trace
"""

from __future__ import annotations

import sys
import time

from .catalogue import all_scenarios
from .stage import stage


def main(arguments: list[str]) -> None:
    wanted = [argument for argument in arguments if argument != "-v"]
    chosen = [one for one in all_scenarios() if not wanted or any(part in one.name for part in wanted)]
    begun = time.monotonic()
    different = 0
    with stage() as ready:
        for scenario in chosen:
            outcome = ready.play(scenario)
            if "-v" in arguments:
                print(f"{scenario.name}\n    " + "\n    ".join(outcome.node))
            if outcome.differences:
                different += 1
                print("\n".join([f"```diff {scenario.name}", *outcome.differences, "```"]))
    print(f"{len(chosen)} scenarios, {different} of them different, in {time.monotonic() - begun:.1f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
