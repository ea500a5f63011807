"""Numbers as people and models write them in a text."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, Literal

__all__ = ["DecimalMark", "numbers_in"]

DecimalMark = Literal[".", ","]

_SPACES_AND_QUOTES: Final = "\u00a0\u2009\u202f'\u2019_"
_PATTERN: Final = r"""
    (?<! \w ) (?<! \d[.,] )                      # neither within a word nor within another number
    (?P<sign> [-+\u2212] )?
    (?: [$\u00a2-\u00a5\u20a0-\u20cf] \s? )?     # a currency sign, before or after the minus sign
    (?P<sign_after> [-\u2212] )?
    (?P<digits>
        (?: \d{1,3} (?: GROUP \d{3} )+ | \d+ ) (?: POINT \d+ )?
        | (?<! [.,] ) POINT \d+
    )
    (?P<exponent> [eE] [-+\u2212]? \d+ )?
    (?!                                          # 1.2.3, 3,5, 0x1F, 5k, 2 million: not guessed
        [.,]?\d | [eE][-+\u2212]?\d | x[0-9a-fA-F]
        | \s? (?: [kKMB] | [bm]n | [Tt]housand | (?: [Mm] | [Bb] | [Tt]r )illion ) \b
    )
"""


def numbers_in(text: str, decimal: DecimalMark = ".") -> list[float]:
    """Read the numbers of a text, in order; infinite where one is beyond every float.

    A hyphen or minus sign counts where no letter or digit stands before it, so that 10-20 is 10 and 20. Thousands may
    be grouped by the mark that is not the decimal one, by no-break or thin spaces, apostrophes and underscores. Units,
    percent and currency signs are passed over: 12% is 12. What could be read in two ways is not read: digits that
    belong to a word (B2B) or a version (1.2.3), numbers with a magnitude (5k, 2 million).
    """
    return [_value(match, decimal) for match in _pattern(decimal).finditer(text)]


@cache
def _pattern(decimal: DecimalMark) -> re.Pattern[str]:
    group = f"[{_SPACES_AND_QUOTES}{',' if decimal == '.' else '.'}]"
    return re.compile(_PATTERN.replace("GROUP", group).replace("POINT", re.escape(decimal)), re.VERBOSE)


def _value(match: re.Match[str], decimal: DecimalMark) -> float:
    digits = "".join(c for c in match["digits"] if c.isdigit() or c == decimal).replace(decimal, ".")
    exponent = (match["exponent"] or "").replace("\u2212", "-")
    value = float(digits + exponent)
    return -value if (match["sign"] or match["sign_after"] or "+") in "-\u2212" else value
