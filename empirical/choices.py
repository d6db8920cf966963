"""What settings may say in a word, and what obeys it must know; no torch here."""

ATTACKS = ("pgd", "apgd", "autoattack")
ITERATES = ("last", "best")
#: In which networks compute; weights are kept in the first.
PRECISIONS = ("float32", "bfloat16", "float16")
