"""Tensors that are not dense real numbers on the CPU."""

import torch
from torch import nn

from laws.corpus import program


@program()
def sparse_matrices(tell):
    where = torch.tensor([[0, 1, 2], [2, 0, 1]])
    values = torch.randn(3, requires_grad=True)
    matrix = torch.sparse_coo_tensor(where, values, (3, 3))
    dense = torch.randn(3, 2, requires_grad=True)
    product = torch.sparse.mm(matrix, dense)
    (product.square().sum() + torch.sparse.sum(matrix)).backward()
    leaf = torch.sparse_coo_tensor(where, torch.ones(3), (3, 3)).coalesce().requires_grad_()
    (leaf * 2).to_dense().sum().backward()
    tell("gradient", leaf.grad)
    return values, dense


@program()
def compressed_matrices(tell):
    matrix = torch.tensor([[0.0, 1.0], [2.0, 0.0]]).to_sparse_csr().requires_grad_()
    vector = torch.randn(2, requires_grad=True)
    (matrix @ vector).sum().backward()
    columns = torch.eye(3).to_sparse_csc()
    blocks = torch.eye(4).to_sparse_bsr((2, 2))
    tell("gradient", matrix.grad.to_dense())
    tell("dense", [columns.to_dense(), blocks.to_dense()])
    return vector


@program()
def complex_numbers(tell):
    z = torch.randn(4, dtype=torch.complex64, requires_grad=True)
    w = torch.conj(z) * torch.exp(1j * z.abs())
    spectrum = torch.fft.fft(w)
    loss = torch.view_as_real(spectrum).square().sum() + (z.real * z.imag).sum() + torch.angle(z).sum()
    loss.backward()
    optimizer = torch.optim.Adam([z], lr=0.1)
    optimizer.step()
    lazily = z.detach().conj().imag
    tell("conjugate", lazily)
    return z, optimizer


@program()
def nested_tensors(tell):
    parts = [torch.randn(n, 4) for n in (2, 3)]
    ragged = torch.nested.nested_tensor(parts, layout=torch.jagged, requires_grad=True)
    layer = nn.Linear(4, 3)
    out = layer(ragged)
    padded = torch.nested.to_padded_tensor(out, 0.0)
    padded.square().sum().backward()
    old = torch.nested.nested_tensor(parts)
    doubled = old * 2
    tell("parts", list(doubled.unbind()))
    return layer


@program()
def quantised_numbers(tell):
    x = torch.randn(4, 4)
    small = torch.quantize_per_tensor(x, 0.1, 10, torch.quint8)
    rows = torch.quantize_per_channel(x, torch.full((4,), 0.1), torch.zeros(4), 0, torch.qint8)
    tell("numbers", [small.int_repr(), rows.int_repr(), small.dequantize()])
    y = torch.randn(4, requires_grad=True)
    fake = torch.fake_quantize_per_tensor_affine(y, 0.1, 0, -128, 127)
    fake.sum().backward()
    tell("fake", fake)
    return y


@program()
def meta_tensors(tell):
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    loss = model(torch.randn(5, 3, device="meta")).sum()
    loss.backward()
    tell("gradients", [parameter.grad for parameter in model.parameters()])
    model = model.to_empty(device="cpu")
    for parameter in model.parameters():
        nn.init.constant_(parameter, 0.5)
    model[1].reset_running_stats()
    model.zero_grad()
    return model


@program()
def fake_tensors(tell):
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode() as mode:
        model = nn.Linear(3, 4)
        loss = model(torch.randn(5, 3)).sum()
        loss.backward()
        shapes = [list(parameter.grad.shape) for parameter in model.parameters()]
    real = torch.randn(2, 3, requires_grad=True)
    fake = mode.from_tensor(real)
    tell("shapes", [shapes, list(fake.shape), fake.requires_grad])
    real.sum().backward()
    return real


@program()
def uncommon_types(tell):
    x = torch.randn(4, dtype=torch.float64, requires_grad=True)
    halves = [x.to(kind) for kind in (torch.float16, torch.bfloat16, torch.float8_e4m3fn)]
    loss = (
        sum(half.float().sum() for half in halves[:2]) + x.mkldnn().sum()
        if hasattr(x, "mkldnn")
        else sum(half.float().sum() for half in halves[:2])
    )
    loss.backward()
    whole = [torch.arange(3, dtype=kind) for kind in (torch.uint8, torch.int16, torch.int64)]
    opaque = torch.randn(1, 2, 3, 3).to_mkldnn()
    empty = torch.empty(0, 3, requires_grad=True)
    empty.sum().backward()
    scalar = torch.tensor(3.5)
    tell("values", [*whole, opaque.to_dense(), empty.grad, scalar, halves[0], halves[1]])
    return x


@program()
def memory_formats_and_sharing(tell):
    import numpy

    x = torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last).requires_grad_()
    conv = nn.Conv2d(3, 2, 3).to(memory_format=torch.channels_last)
    out = conv(x)
    out.sum().backward()
    tell("strides", [out.stride(), conv.weight.grad.stride()])
    array = numpy.zeros(3, dtype=numpy.float32)
    shared = torch.from_numpy(array)
    shared.add_(1)
    capsule = torch.utils.dlpack.from_dlpack(torch.utils.dlpack.to_dlpack(shared))
    capsule.mul_(2)
    tell("array", array.tolist())
    lazy = torch._lazy_clone(torch.ones(3))
    tell("lazy", lazy + 1)
    return conv, x


@program()
def uninitialised_modules(tell):
    model = nn.Sequential(nn.LazyLinear(4), nn.LazyBatchNorm1d(), nn.ReLU(), nn.LazyLinear(2))
    held = [type(parameter).__name__ for parameter in model.parameters()]
    out = model(torch.randn(3, 5))
    out.sum().backward()
    tell("kinds", [held, [type(parameter).__name__ for parameter in model.parameters()]])
    return model
