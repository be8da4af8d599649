"""Models of many kinds: recurrent, attending, adversarial, variational, rewarded."""

import torch
from torch import nn
from torch.nn import functional

from laws.corpus import program


@program()
def recurrent_layers(tell):
    for kind in (nn.RNN, nn.LSTM, nn.GRU):
        layer = kind(3, 4, num_layers=2, bidirectional=True, dropout=0.2, batch_first=True)
        optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
        for _ in range(2):
            out, _ = layer(torch.randn(2, 5, 3))
            loss = out.square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            tell(kind.__name__, [loss, *layer.parameters()])


@program()
def packed_sequences(tell):
    layer = nn.LSTM(3, 4, proj_size=2)
    sequences = [torch.randn(n, 3) for n in (5, 3, 1)]
    packed = nn.utils.rnn.pack_sequence(sequences)
    out, (hidden, cell) = layer(packed)
    padded, lengths = nn.utils.rnn.pad_packed_sequence(out, padding_value=-1.0)
    loss = padded.sum() + hidden.square().sum() + cell.sum()
    loss.backward()
    tell("lengths", lengths)
    return layer, loss.detach()


class Copier(nn.Module):
    def __init__(self, words, width):
        super().__init__()
        self.embed = nn.Embedding(words, width)
        self.place = nn.Parameter(torch.randn(8, width) * 0.02)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(4))
        self.core = nn.Transformer(width, 2, 1, 1, dim_feedforward=8, dropout=0.1, batch_first=True)
        self.head = nn.Linear(width, words)

    def forward(self, source, target):
        read = self.embed(source) + self.place[: source.size(1)]
        written = self.embed(target) + self.place[: target.size(1)]
        return self.head(self.core(read, written, tgt_mask=self.mask))


@program()
def transformer_reads_and_writes(tell):
    model = Copier(7, 8)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(2):
        source, target = torch.randint(7, (2, 5)), torch.randint(7, (2, 4))
        loss = functional.cross_entropy(model(source, target).transpose(1, 2), target)
        tell.graph("loss", loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model, optimizer


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleDict({"attention": nn.RMSNorm(width), "mlp": nn.RMSNorm(width)})
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.up, self.gate, self.down = nn.Linear(width, 16), nn.Linear(width, 16), nn.Linear(16, width)

    def attend(self, x):
        batch, length, width = x.shape
        query, key, value = self.qkv(x).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.out(mixed.transpose(1, 2).reshape(batch, length, width))

    def forward(self, x):
        x = x + self.attend(self.norms["attention"](x))
        y = self.norms["mlp"](x)
        return x + self.down(functional.silu(self.gate(y)) * self.up(y))


@program()
def causal_language_model(tell):
    embed = nn.Embedding(11, 8)
    blocks = nn.Sequential(*(Block(8, 2) for _ in range(2)))
    optimizer = torch.optim.AdamW([*embed.parameters(), *blocks.parameters()], lr=1e-2)
    for _ in range(2):
        words = torch.randint(11, (2, 6))
        logits = blocks(embed(words)) @ embed.weight.t()
        loss = functional.cross_entropy(logits[:, :-1].flatten(0, 1), words[:, 1:].flatten())
        tell.graph("loss", loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        tell("loss", loss)
    return embed, blocks, optimizer


@program()
def attention_with_weights_and_masks(tell):
    attention = nn.MultiheadAttention(8, 2, kdim=6, vdim=6, batch_first=True, add_bias_kv=True)
    query, memory = torch.randn(2, 3, 8, requires_grad=True), torch.randn(2, 4, 6)
    padding = torch.tensor([[False, False, False, True], [False, True, True, True]])
    out, weights = attention(query, memory, memory, key_padding_mask=padding)
    (out.sum() + weights.square().sum()).backward()
    tell("weights", weights)
    return attention, query


@program()
def bags_of_embeddings(tell):
    bag = nn.EmbeddingBag(10, 3, mode="mean", sparse=True)
    offsets = torch.tensor([0, 2, 3])
    out = bag(torch.tensor([1, 2, 4, 5, 4]), offsets)
    out.square().sum().backward()
    tell("gradient", bag.weight.grad)
    dense = nn.Embedding(10, 3, max_norm=1.0, scale_grad_by_freq=True)
    dense(torch.tensor([1, 1, 2])).sum().backward()
    return dense, out.detach()


@program()
def adversaries_with_two_optimizers(tell):
    generator = nn.Sequential(nn.Linear(2, 6), nn.LeakyReLU(0.2), nn.Linear(6, 3))
    critic = nn.Sequential(nn.Linear(3, 6), nn.LeakyReLU(0.2), nn.Linear(6, 1))
    of_generator = torch.optim.Adam(generator.parameters(), lr=1e-2, betas=(0.5, 0.9))
    of_critic = torch.optim.Adam(critic.parameters(), lr=1e-2)
    for _ in range(3):
        real, noise = torch.randn(4, 3) + 2, torch.randn(4, 2)
        fake = generator(noise)
        of_critic.zero_grad()
        said = functional.softplus(-critic(real)).mean() + functional.softplus(critic(fake.detach())).mean()
        said.backward()
        of_critic.step()
        of_generator.zero_grad()
        fooled = functional.softplus(-critic(fake)).mean()
        fooled.backward()
        of_generator.step()
        tell("losses", [said, fooled])
    return generator, critic, of_generator, of_critic


@program()
def critic_with_a_gradient_penalty(tell):
    critic = nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 1))
    optimizer = torch.optim.RMSprop(critic.parameters(), lr=1e-3)
    for _ in range(2):
        mixed = torch.randn(4, 3).requires_grad_()
        score = critic(mixed)
        (slope,) = torch.autograd.grad(score.sum(), mixed, create_graph=True)
        penalty = (slope.norm(2, dim=1) - 1).square().mean()
        tell.graph("penalty", penalty)
        optimizer.zero_grad()
        (score.mean() + 10 * penalty).backward()
        optimizer.step()
        tell("penalty", penalty)
        del slope, score, penalty
    return critic, optimizer


class Variational(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode, self.decode = nn.Linear(4, 4), nn.Linear(2, 4)

    def forward(self, x):
        mean, spread = self.encode(x).chunk(2, dim=-1)
        posterior = torch.distributions.Normal(mean, functional.softplus(spread) + 1e-3)
        code = posterior.rsample()
        prior = torch.distributions.Normal(torch.zeros(2), torch.ones(2))
        divergence = torch.distributions.kl_divergence(posterior, prior).sum(-1)
        return functional.mse_loss(self.decode(code), x, reduction="none").sum(-1) + divergence


@program()
def variational_autoencoder(tell):
    model = Variational()
    optimizer = torch.optim.Adam(model.parameters())
    for _ in range(3):
        loss = model(torch.randn(5, 4)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        tell("loss", loss)
    return model, optimizer


@program()
def policy_gradient(tell):
    policy, critic = nn.Linear(3, 2), nn.Linear(3, 1)
    optimizer = torch.optim.Adam([*policy.parameters(), *critic.parameters()], lr=1e-2)
    for _ in range(2):
        chances, values, rewards = [], [], []
        state = torch.randn(3)
        for _ in range(4):
            choice = torch.distributions.Categorical(logits=policy(state))
            action = choice.sample()
            chances.append(choice.log_prob(action))
            values.append(critic(state))
            rewards.append(float(action) - 0.5)
            state = state.roll(1) + 0.1 * torch.randn(3)
        returns = torch.tensor(rewards).flip(0).cumsum(0).flip(0)
        advantage = returns - torch.cat(values)
        loss = -(torch.stack(chances) * advantage.detach()).sum() + advantage.square().sum()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
        optimizer.step()
        tell("rewards", rewards)
        tell("loss", loss)
    return policy, critic, optimizer


@program()
def contrast_and_distances(tell):
    tower = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    temperature = nn.Parameter(torch.tensor(0.1))
    left, right = (functional.normalize(tower(torch.randn(4, 4)), dim=-1) for _ in range(2))
    scores = left @ right.t() / temperature.exp()
    loss = functional.cross_entropy(scores, torch.arange(4)) + functional.triplet_margin_loss(
        left, right, right.roll(1, 0)
    )
    loss = (
        loss + torch.cdist(left, right).mean() + functional.kl_div(scores.log_softmax(-1), scores.detach().softmax(-1))
    )
    loss.backward()
    return tower, temperature


@program()
def speech_and_pictures(tell):
    frames = torch.randn(6, 2, 5, requires_grad=True)
    ctc = functional.ctc_loss(
        frames.log_softmax(-1), torch.tensor([[1, 2], [3, 3]]), torch.tensor([6, 6]), torch.tensor([2, 1])
    )
    picture = torch.rand(1, 2, 6, 6, requires_grad=True)
    grid = functional.affine_grid(torch.eye(2, 3)[None], [1, 2, 4, 4], align_corners=False)
    warped = functional.grid_sample(picture, grid, align_corners=False)
    larger = functional.interpolate(warped, scale_factor=2, mode="bicubic")
    unfolded = functional.unfold(larger, 3)
    folded = functional.conv_transpose2d(warped, torch.ones(2, 1, 2, 2))
    (
        ctc
        + unfolded.square().mean()
        + folded.sum()
        + torch.stft(picture.flatten(), 16, return_complex=True).abs().sum()
    ).backward()
    tell("losses", [ctc, unfolded, folded])
    return frames, picture
