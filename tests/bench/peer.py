"""peer.py - the default amplitude experiment's training step in PyTorch, to compare speed with.

The same shapes, optimizer, loss and clipping as experiments/coefficient_from_key.lua, on random tokens. Prints the
examples a second of the best of five windows. Usage: peer.py [threads]
"""
import sys
import time

import torch
from torch import nn

BATCH, SOURCE, TARGET, LETTERS, TOKENS, DIM, HEADS, FFN = 64, 8, 4, 6, 1004, 128, 4, 512
PAD = 1


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.source, self.target = nn.Embedding(LETTERS, DIM), nn.Embedding(TOKENS, DIM)
        self.source_position, self.target_position = nn.Embedding(SOURCE, DIM), nn.Embedding(TARGET, DIM)
        self.source_norm, self.target_norm = nn.LayerNorm(DIM), nn.LayerNorm(DIM)
        self.encoder = nn.TransformerEncoderLayer(DIM, HEADS, FFN, 0.0, batch_first=True)
        self.decoder = nn.TransformerDecoderLayer(DIM, HEADS, FFN, 0.0, batch_first=True)
        self.output = nn.Linear(DIM, TOKENS)
        self.register_buffer("causal", nn.Transformer.generate_square_subsequent_mask(TARGET))

    def forward(self, word, answer):
        memory = self.encoder(self.source_norm(self.source(word) + self.source_position.weight))
        hidden = self.target_norm(self.target(answer) + self.target_position.weight)
        return self.output(self.decoder(hidden, memory, tgt_mask=self.causal))


torch.manual_seed(0)
torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else torch.get_num_threads())
model = Model()
optimizer = torch.optim.Adam(model.parameters(), 5e-4)
loss = nn.CrossEntropyLoss(ignore_index=PAD)
words = torch.randint(0, LETTERS, (100, BATCH, SOURCE))
answers = torch.randint(2, TOKENS, (100, BATCH, TARGET))


def step(i):
    word, answer = words[i % 100], answers[i % 100]
    shifted = torch.cat([torch.zeros(BATCH, 1, dtype=torch.long), answer[:, :-1]], 1)
    optimizer.zero_grad(set_to_none=True)
    loss(model(word, shifted).reshape(-1, TOKENS), answer.reshape(-1)).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()


for i in range(20):
    step(i)
best = 0.0
for window in range(5):
    start = time.perf_counter()
    for i in range(100):
        step(i)
    best = max(best, 100 * BATCH / (time.perf_counter() - start))
print(f"{best:.0f}")
