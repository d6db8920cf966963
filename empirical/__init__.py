"""Neural networks under rotations, translations and attacks (PyTorch).

This half of spadv needs the extra `spadv[empirical]`. It may import `spadv.theory`;
the theory half never imports from here.
"""
