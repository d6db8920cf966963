"""What settings may say in a word, and what obeys it must know; no torch here."""

#: How robustness is measured.
ATTACKS = ("pgd", "apgd", "autoattack")
#: Which point an attack of several steps returns: the last one, or that of the highest loss.
ITERATES = ("last", "best")
#: In which numbers networks compute; weights are kept in the first.
PRECISIONS = ("float32", "bfloat16", "float16")
