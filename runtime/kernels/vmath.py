#!/usr/bin/env python3
"""Finds the polynomials of vmath.h: prints their coefficients and greatest errors. Needs numpy and mpmath.

Each is the minimax fit of what the leading terms leave, weighted by the function itself, by Lawson's algorithm:
least squares, with the weight of a point raised in proportion to its error, again and again.
"""
import mpmath
import numpy as np

LOG2 = np.log(2)


def nodes(low, high, count=600):
    return (low + high) / 2 + (high - low) / 2 * np.cos(np.pi * (np.arange(count) + 0.5) / count)


def fit(x, target, powers, weight, rounds=4000):
    basis = np.stack([x**p for p in powers], 1) * weight[:, None]
    scale = np.abs(basis).max(0)
    basis, wanted = basis / scale, target * weight
    w, best = np.ones_like(x), (np.inf, None)
    for _ in range(rounds):
        root = np.sqrt(w)
        c = np.linalg.lstsq(basis * root[:, None], wanted * root, rcond=None)[0]
        error = np.abs(wanted - basis @ c)
        if error.max() < best[0]:
            best = error.max(), c / scale
        w *= error / error.max() + 1e-3
        w /= w.sum()
    return best


def show(name, x, target, powers, weight, single=True):
    error, c = fit(x, target, powers, weight)
    print(f"{name}: relative error 2^{np.log2(error):.1f}")
    for p, v in zip(powers, c):
        print(f"    x^{p:<2} {float(np.float32(v)).hex() if single else repr(float(v))}")


erf = np.vectorize(lambda v: float(mpmath.erf(v)))
log_erfc = np.vectorize(lambda v: float(mpmath.log(mpmath.erfc(v))))

x = nodes(-LOG2 / 2 * 1.001, LOG2 / 2 * 1.001)
show("e^x - 1 - x", x, np.expm1(x) - x, range(2, 8), 1 / np.exp(x))
x = nodes(-LOG2 / 4 * 1.001, LOG2 / 4 * 1.001)
tanh = np.tanh(np.where(x > 0, x, x + LOG2 / 2))  # with k = 0 and with k = 1
of_e = np.where(x > 0, 2 * x / np.expm1(2 * x), -4 * x / (2 * np.exp(2 * x) - 1))
show("(e^2x - 1) / 2x - 1 - x, in ulps of tanh", x, np.expm1(2 * x) / (2 * x) - 1 - x, range(2, 6),
     of_e / (tanh / 2 ** np.floor(np.log2(tanh))) ** 2)
x = nodes(np.sqrt(0.5) - 1, np.sqrt(2) - 1)
show("log(1 + x) - x + x^2/2", x, np.log1p(x) - x + x * x / 2, range(3, 12), 1 / np.abs(np.log1p(x)))
x = nodes(0.0005, 0.93, 400)
show("erf(x) - x", x, erf(x) - x, range(1, 12, 2), 1 / erf(x))
x = nodes(0.9, 4, 400)
show("-log(1 - erf(x)) - x", x, -log_erfc(x) - x, range(1, 7), np.exp(log_erfc(x)) / erf(x))
x = nodes(1e-3, 6, 500)
tail = np.exp(log_erfc(x / np.sqrt(2))) / 2
show("-log(2 Phi(-x)), its absolute error times 1 + x:", x, -np.log(2 * tail), range(1, 9), tail * (1 + x))
x = nodes(1e-4, np.pi / 4 * 1.0001)
show("sin(x) - x", x, np.sin(x) - x, range(3, 10, 2), 1 / np.sin(x), single=False)
show("cos(x) - 1 + x^2/2", x, np.cos(x) - 1 + x * x / 2, range(4, 9, 2), 1 / np.cos(x), single=False)
x = nodes(1e-4, (np.sqrt(2) - 1) / (np.sqrt(2) + 1))
log2 = 2 * np.arctanh(x) / LOG2
show("2 atanh(x) / log 2", x, log2, range(1, 12, 2), 1 / log2, single=False)
x = nodes(-0.5001, 0.5001)
show("2^x - 1", x, np.exp2(x) - 1, range(1, 8), 1 / np.exp2(x), single=False)
