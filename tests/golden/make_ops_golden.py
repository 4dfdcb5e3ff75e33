#!/usr/bin/python3
"""make_ops_golden.py - what PyTorch says about every row of tests/graph/rows.h, as ops.safetensors.

    build/with-mlrt tests/golden/make_ops_golden.py build/tests/graph/ops

run by hand after a row changes, with Debian's python3-torch. The program lists its rows; a row's expression is evaluated
here with x (inputs) and the names of this file. <row>/x<i> are its inputs, /y its result, /w random weights and /dx<i> the
gradients of sum(w y). The metadata has the text of each row, so that the test sees when the file is older than a row.
"""
import json
import os
import subprocess
import sys
import zlib

import torch
import torch.nn.functional as F

from make_golden import write

HERE = os.path.dirname(os.path.abspath(__file__))


def T(x):
    return x.transpose(-2, -1)


class Reduction:
    """A function of (x, dims, keep) that takes an empty set of dims as it is."""

    def __init__(self, function, of_nothing):
        self.function, self.of_nothing = function, of_nothing

    def reduce(self, x, dims, keep):
        return self.of_nothing(x) if dims == () else self.function(x, dims, keepdim=keep)


Sum = Reduction(torch.sum, torch.clone)
Mean = Reduction(torch.mean, torch.clone)
Variance = Reduction(lambda x, dims, keepdim: x.var(dims, unbiased=False, keepdim=keepdim), lambda x: x - x)
Max = Reduction(torch.amax, torch.clone)
Min = Reduction(torch.amin, torch.clone)


def first_max(x, dim):
    """The first of equals; PyTorch promises none."""
    return x.sort(dim=dim, descending=True, stable=True).indices.select(dim, 0).float()


def lengths(mask):
    """Of each row of [B, T], up to its last number that is not 0; 1 at least of the first."""
    places = torch.arange(1, mask.shape[1] + 1) * (mask != 0)
    longest = places.amax(1)
    longest[0] = max(int(longest[0]), 1)
    return longest


def row_starts(mask):
    return torch.cat([torch.zeros(1, dtype=torch.long), lengths(mask).cumsum(0)])


def rows_kept(mask):
    return (torch.arange(mask.shape[1]) < lengths(mask)[:, None]).flatten().nonzero()[:, 0]


def attention(q, k, v, mask, heads, causal=False, scale=None, far_q=None, far_k=None, far_v=None):
    """softmax((q k^T + far_q far_k^T) scale) (v + far_v); a query with nothing to attend gives zeros. Rows of far_k and
    far_v are for the distances -c .. c of a key from a query."""
    def split(t):
        return t.view(*t.shape[:2], heads, -1).transpose(1, 2)

    def apart(far, width):
        """[heads, queries, keys, width]"""
        far = far.view(far.shape[0], -1, width).transpose(0, 1).expand(heads, -1, -1)
        queries, keys, c = q.shape[2], k.shape[2], far.shape[1] // 2
        distance = torch.arange(keys)[None, :] - torch.arange(queries)[:, None] - (keys - queries)
        return far[:, distance.clamp(-c, c) + c]

    q, k, v = split(q), split(k), split(v)
    far_q = q if far_q is None else split(far_q)
    score = q @ T(k)
    if far_k is not None:
        score = score + torch.einsum("bhid,hijd->bhij", far_q, apart(far_k, far_q.shape[-1]))
    score = score * (scale or q.shape[-1] ** -0.5)
    seen = torch.ones_like(score, dtype=torch.bool)
    if mask is not None:
        seen = seen & (mask[:, None, None, :] if mask.dim() == 2 else mask[:, None]).bool()
    if causal:
        seen = seen.tril(score.shape[-1] - score.shape[-2])
    weight = score.masked_fill(~seen, -1e30).softmax(-1) * seen
    y = weight @ v
    if far_v is not None:
        y = y + torch.einsum("bhij,hijd->bhid", weight, apart(far_v, v.shape[-1]))
    return y.transpose(1, 2).flatten(2)


def rotate(x, table):
    pairs = x.reshape(*x.shape[:-1], -1, *table.shape[1:])
    c, s = table[:, None, :, 0], table[:, None, :, 1]
    return torch.stack([c * pairs[..., 0] - s * pairs[..., 1], s * pairs[..., 0] + c * pairs[..., 1]], -1).view(x.shape)


def mean_loss(logits, targets, **options):
    return F.cross_entropy(logits.flatten(0, -2), targets.flatten(), **options)


def draw(row, spec):
    shape, count = spec["shape"], torch.Size(spec["shape"]).numel()
    if spec["below"]:
        numbers = torch.randint(spec["below"], shape)
        return numbers if spec["dtype"] == "i32" else numbers.float()
    if row["numbers"] == "POSITIVE":
        return torch.rand(shape) * 1.5 + 0.5
    if row["numbers"].endswith("APART"):  # multiples of 1/4; inputs of one row are 1/8 beside each other
        return ((torch.randperm(count) - count // 2) / 4 + (1 + row["drawn"]) / 8).reshape(shape)
    if row["numbers"] == "TIES":
        return torch.randint(-2, 3, shape).float()
    return torch.randn(shape)


def run(row):
    x = []
    for spec in row["inputs"]:
        x.append(draw(row, spec))
        row["drawn"] += spec["below"] == 0
        x[-1].requires_grad_(spec["below"] == 0)
    y = eval(row["torch"], {**globals(), "x": x})
    w = torch.randn(y.shape)
    if y.requires_grad:
        (y * w).sum().backward()
    kept = {"y": y, "w": w, **{f"x{i}": t for i, t in enumerate(x)}}
    kept.update({f"dx{i}": torch.zeros_like(t) if t.grad is None else t.grad
                 for i, t in enumerate(x) if t.requires_grad})
    return kept


def main():
    tensors, texts = {}, {}
    listed = subprocess.run([sys.argv[1], "list"], check=True, stdout=subprocess.PIPE).stdout
    for row in json.loads(listed):
        torch.manual_seed(zlib.crc32(row["text"].encode()))  # a row keeps its numbers when others change
        tensors.update({f"{row['name']}/{key}": t for key, t in run({**row, "drawn": 0}).items()})
        texts[row["name"]] = row["text"]
    write(os.path.join(HERE, "ops.safetensors"), tensors, texts)


if __name__ == "__main__":
    main()
