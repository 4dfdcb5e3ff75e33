#!/usr/bin/python3
"""make_golden.py - what PyTorch says about every case of every core class, as small safetensors files.

    build/with-mlrt tests/golden/make_golden.py build/tests/golden/cases

run by hand after a class or a case changes, with Debian's python3-torch. The program `cases` lists the cases; a case's
expression is evaluated here with x (inputs), p (parameters by name) and the names of this file and of torch.

layer, loss: <class>.<case>/x<i>, /p.<name>, /y, /w and the gradients of sum(w y): /dx<i>, /dp.<name>.
optimizer: <class>.<case>/p0, /g (a gradient for each step) and /y, the parameters after each step.
schedule: <class>.<case>/y, the factors of all steps.
transformer: a small seq2seq trained ten steps; see transformer().
The metadata of a file has the text of each case, so that a test sees when a file is older than a case.
"""
import json
import math
import os
import struct
import subprocess
import sys
import zlib

import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS, COUNT, TOTAL = 10, 37, 100  # of optimizer cases: steps and parameters; of schedule cases: steps


# ---- models, in plain PyTorch, by mlrt's parameter names ----

def linear(p, at, x):
    return F.linear(x, p[at + ".weight"], p.get(at + ".bias"))


def norm(p, at, x):
    return F.layer_norm(x, x.shape[-1:], p[at + ".gain"], p[at + ".bias"])


def by_distance(table, width, length, c):
    """[heads or 1, length, length, width]: the rows of the distances j - i, clipped at -c and c"""
    distance = torch.arange(length)[None, :] - torch.arange(length)[:, None]
    return table.view(table.shape[0], -1, width).transpose(0, 1)[:, distance.clamp(-c, c) + c]


def rotated(x, power):
    """[batch, heads, tokens, features]: pairs turned by t / 10000^(2n / features), and times z_n^(t power / 512)"""
    pairs, length = x.shape[-1] // 2, x.shape[-2]
    n, t = torch.arange(pairs), torch.arange(length)[:, None]
    turn = torch.polar(((n / pairs + 0.4) / 1.4) ** (t * power / 512), t * 10000.0 ** (-n / pairs))
    return torch.view_as_real(torch.view_as_complex(x.reshape(*x.shape[:-1], pairs, 2)) * turn).flatten(3)


def attention(p, at, heads, x, memory=None, mask=None, causal=False, position=None):
    memory = x if memory is None else memory

    def heads_of(t):
        return t.view(*t.shape[:2], heads, -1).transpose(1, 2)

    q, k, v = (heads_of(linear(p, at + name, t)) for name, t in (("query", x), ("key", memory), ("value", memory)))
    width, length, far = q.shape[-1], x.shape[1], 0
    if position in ("rotary", "xpos"):
        q, k = rotated(q, position == "xpos"), rotated(k, -(position == "xpos"))
    if position == "relative":
        keys, values = p[at + "relative_key"], p[at + "relative_value"]
        c = keys.shape[0] // 2
        far = torch.einsum("bhid,hijd->bhij", q, by_distance(keys, width, length, c).expand(heads, -1, -1, -1))
    if position == "transformer_xl":
        c = length - 1
        r = linear(p, at + "position", sinusoids(range(c, -c - 1, -1), x.shape[-1]))
        biased = q + p[at + "position_bias"].view(heads, 1, width)
        q = q + p[at + "content_bias"].view(heads, 1, width)
        far = torch.einsum("bhid,hijd->bhij", biased, by_distance(r, width, length, c))
    score = (q @ k.transpose(2, 3) + far) / math.sqrt(width)
    if mask is not None:
        score = score.masked_fill(mask[:, None, None, :] == 0, -math.inf)
    if causal:
        score = score.masked_fill(torch.ones(score.shape[2:]).triu(1) == 1, -math.inf)
    weight = score.softmax(-1)
    y = weight @ v
    if position == "relative":
        y = y + torch.einsum("bhij,hijd->bhid", weight, by_distance(values, width, length, c).expand(heads, -1, -1, -1))
    return linear(p, at + "output", y.transpose(1, 2).flatten(2))


def block(p, at, x, parts, kind):
    """Residual sums of `parts`, each a name and a function, with the norm before or after."""
    for name, part in parts:
        if kind == "pre":
            x = x + part(norm(p, at + name, x))
        else:
            x = norm(p, at + name, x + part(x))
    return x


def feed_forward(p, at, activation):
    return lambda x: linear(p, at + "ffn.outer", getattr(F, activation)(linear(p, at + "ffn.inner", x)))


def encoder_layer(p, at, heads, x, mask=None, activation="relu", norm="post", causal=False, position=None):
    return block(p, at, x, [
        ("attention_norm", lambda h: attention(p, at + "attention.", heads, h, None, mask, causal, position)),
        ("ffn_norm", feed_forward(p, at, activation))], norm)


def decoder_layer(p, at, heads, x, memory, mask=None, activation="relu", norm="post", position=None):
    return block(p, at, x, [
        ("attention_norm", lambda h: attention(p, at + "attention.", heads, h, causal=True, position=position)),
        ("cross_attention_norm", lambda h: attention(p, at + "cross_attention.", heads, h, memory, mask)),
        ("ffn_norm", feed_forward(p, at, activation))], norm)


def sinusoids(positions, dim):
    return torch.tensor([[(math.cos if i % 2 else math.sin)(t / 10000 ** (i // 2 * 2 / dim)) for i in range(dim)]
                         for t in positions])


def embed(p, at, tokens, position=None):
    x = F.embedding(tokens, p[at + "embedding.weight"])
    if at + "position.weight" in p:
        x = x + p[at + "position.weight"][:tokens.shape[1]]
    elif position is None:
        x = x + sinusoids(range(x.shape[1]), x.shape[2])
    return norm(p, at + "embedding_norm", x)


def layers(p, at):
    n = 1
    while f"{at}{n}.attention.query.weight" in p:
        yield f"{at}{n}."
        n += 1


def decode(p, heads, tokens, memory, mask, **options):
    h = embed(p, "decoder.", tokens, options.get("position"))
    for at in layers(p, "decoder."):
        h = decoder_layer(p, at, heads, h, memory, mask, **options)
    if "decoder.norm.gain" in p:
        h = norm(p, "decoder.norm", h)
    weight = p.get("decoder.output.weight", p["decoder.embedding.weight"])
    return F.linear(h, weight, p["decoder.output.bias"])


def encode(p, heads, source, pad=None, **options):
    mask = None if pad is None else (source != pad).float()
    h = embed(p, "encoder.", source, options.get("position"))
    for at in layers(p, "encoder."):
        h = encoder_layer(p, at, heads, h, mask, **options)
    if "encoder.norm.gain" in p:
        h = norm(p, "encoder.norm", h)
    return h, mask


def seq2seq(p, heads, source, target, start, pad=None, **options):
    memory, mask = encode(p, heads, source, pad, **options)
    shifted = torch.cat([torch.full_like(target[:, :1], start), target[:, :-1]], 1)
    return decode(p, heads, shifted, memory, mask, **options)


def greedy(p, heads, source, length, end, pad):
    memory, mask = encode(p, heads, source, pad)
    tokens = torch.full_like(source[:, :1], end)
    done = torch.zeros_like(tokens, dtype=torch.bool)
    for _ in range(length):
        new = decode(p, heads, tokens, memory, mask)[:, -1:].argmax(-1).masked_fill(done, pad)
        tokens, done = torch.cat([tokens, new], 1), done | (new == end)
    return tokens[:, 1:]


class Lion(torch.optim.Optimizer):
    """Chen et al., arXiv:2302.06675, Algorithm 2."""

    def __init__(self, params, lr, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            (b1, b2), lr = group["betas"], group["lr"]
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                p.mul_(1 - lr * group["weight_decay"]).sub_(lr * (b1 * m + (1 - b1) * p.grad).sign())
                m.mul_(b2).add_((1 - b2) * p.grad)


# ---- one case of each kind: the tensors to keep ----

def draw(spec):
    if spec["below"]:
        numbers = torch.randint(spec["below"], spec["shape"])
        return numbers if spec["dtype"] == "i32" else numbers.float()
    return torch.randn(spec["shape"]).requires_grad_()


def graph_case(case):
    x = [draw(s) for s in case["inputs"]]
    p = {s["name"]: (torch.randn(s["shape"]) / 2).requires_grad_() for s in case["params"]}
    y = eval(case["torch"], {**globals(), "x": x, "p": p})
    w = torch.randn(y.shape)
    (y * w).sum().backward()
    kept = {"y": y, "w": w}
    for i, t in enumerate(x):
        kept[f"x{i}"] = t
        if t.requires_grad:
            kept[f"dx{i}"] = torch.zeros_like(t) if t.grad is None else t.grad
    for name, t in p.items():
        kept["p." + name] = t
        kept["dp." + name] = t.grad
    return kept


def optimizer_case(case):
    p0, g = torch.randn(COUNT), torch.randn(STEPS, COUNT)
    p = p0.clone().requires_grad_()
    optimizer = eval(case["torch"], {**globals(), "params": [p]})
    after = []
    for gradient in g:
        p.grad = gradient.clone()
        optimizer.step()
        after.append(p.detach().clone())
    return {"p0": p0, "g": g, "y": torch.stack(after)}


def schedule_case(case):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    names = {**globals(), "optimizer": optimizer, "T": TOTAL}
    if "lr_scheduler" not in case["torch"]:
        return {"y": torch.tensor([float(eval(case["torch"], {**names, "t": t})) for t in range(1, TOTAL + 1)])}
    scheduler, factors = eval(case["torch"], names), []
    for t in range(TOTAL):
        factors.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if t + 1 < TOTAL:
            scheduler.step()
    return {"y": torch.tensor(factors)}


CASES = {"layer": graph_case, "loss": graph_case, "optimizer": optimizer_case, "schedule": schedule_case}


def transformer(case):
    """Loss, gradients and ten Adam steps of the first seq2seq case's architecture at a useful size, dim 32, 20 tokens."""
    pad, end, heads = 0, 1, 2
    source, target = torch.randint(2, 20, (8, 6)), torch.randint(2, 20, (8, 5))
    for row in range(8):
        source[row, 3 + row % 4:] = pad
        target[row, 1 + row % 4] = end
        target[row, 2 + row % 4:] = pad
    kept = {"source": source, "target": target}
    p = {}
    for s in case["params"]:
        scale = 1 / math.sqrt(s["shape"][-1])
        p[s["name"]] = torch.ones(s["shape"]) if s["name"].endswith("gain") else torch.randn(s["shape"]) * scale
        kept["p." + s["name"]] = p[s["name"]].clone()
        p[s["name"]].requires_grad_()
    optimizer, losses = torch.optim.Adam(p.values(), lr=5e-4), []
    for _ in range(STEPS):
        optimizer.zero_grad()
        logits = seq2seq(p, heads, source, target, start=end, pad=pad)
        loss = F.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=pad)
        loss.backward()
        if not losses:
            kept.update({"dp." + name: t.grad.clone() for name, t in p.items()})
            kept["answer"] = greedy(p, heads, source, target.shape[1], end, pad)
        losses.append(loss.item())
        optimizer.step()
    kept["losses"] = torch.tensor(losses)
    kept.update({"after." + name: t for name, t in p.items()})
    return kept


# ---- files ----

def write(path, tensors, texts):
    header, data = {"__metadata__": texts}, b""
    for name, t in sorted(tensors.items()):
        t = t.detach().to(torch.int32 if t.dtype == torch.int64 else torch.float32).contiguous()
        if t.is_floating_point() and not t.isfinite().all():
            sys.exit(f"make_golden.py: {name} is not finite")
        raw = t.numpy().tobytes()
        header[name] = {"dtype": "F32" if t.is_floating_point() else "I32", "shape": list(t.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + data)


def main():
    cases = json.loads(subprocess.run(sys.argv[1:2], check=True, stdout=subprocess.PIPE).stdout)
    for kind, run in CASES.items():
        tensors, texts = {}, {}
        for case in (c for c in cases if c["kind"] == kind):
            torch.manual_seed(zlib.crc32(case["text"].encode()))  # a case keeps its numbers when others change
            tensors.update({f"{case['name']}/{key}": t for key, t in run(case).items()})
            texts[case["name"]] = case["text"]
        write(os.path.join(HERE, kind + ".safetensors"), tensors, texts)
    torch.manual_seed(1)
    golden = json.loads(subprocess.run([sys.argv[1], "transformer"], check=True, stdout=subprocess.PIPE).stdout)
    write(os.path.join(HERE, "transformer.safetensors"),
          {f"transformer/{key}": t for key, t in transformer(golden[0]).items()}, {"transformer": golden[0]["text"]})


if __name__ == "__main__":
    main()
