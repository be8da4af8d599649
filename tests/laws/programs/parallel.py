"""Several threads, ranks and processes."""

import os
import tempfile
import threading

import torch
import torch.distributed as dist
from torch import multiprocessing, nn
from torch.utils.data import DataLoader, Dataset, IterableDataset

from laws.corpus import program


def loop(seed, told):
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(4, generator=generator).requires_grad_()
    optimizer = torch.optim.SGD([weight], lr=0.1)
    for _ in range(3):
        data = torch.randn(5, 4, generator=generator)
        loss = (data @ weight).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    told[seed] = [weight.detach(), weight.grad, loss.detach(), torch._C._autograd._get_sequence_nr()]


@program()
def two_loops_in_two_threads(tell):
    told = {}
    threads = [threading.Thread(target=loop, args=(seed, told)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in (1, 2):
        tell(f"thread {seed}", told[seed])


@program()
def backward_in_another_thread(tell):
    x = torch.randn(3, requires_grad=True)
    y = (x * 2).sin()
    thread = threading.Thread(target=lambda: y.sum().backward())
    thread.start()
    thread.join()
    (x * y.detach()).sum().backward()
    return x


@program()
def threads_share_a_graph(tell):
    x = torch.randn(3, requires_grad=True)
    shared = x * 2
    parts = [shared.sin().sum(), shared.cos().sum()]
    threads = [threading.Thread(target=part.backward, kwargs={"retain_graph": True}) for part in parts]
    for thread in threads:
        thread.start()
        thread.join()
    return x


class Squares(Dataset):
    def __len__(self):
        return 6

    def __getitem__(self, index):
        noise = torch.rand(1)
        return torch.full((2,), float(index)) ** 2 + noise, index


class Stream(IterableDataset):
    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        yield from range(worker.id, 4, worker.num_workers)


def batches(tell, **options):
    model = nn.Linear(2, 1)
    generator = torch.Generator().manual_seed(3)
    loader = DataLoader(Squares(), batch_size=2, shuffle=True, generator=generator, **options)
    for _ in range(2):
        for data, index in loader:
            loss = model(data).mean()
            loss.backward()
            tell("batch", [data, index])
    return model


@program()
def loader_without_workers(tell):
    return batches(tell)


@program()
def loader_with_forked_workers(tell):
    tell("stream", list(DataLoader(Stream(), num_workers=2, multiprocessing_context="fork")))
    return batches(tell, num_workers=2, multiprocessing_context="fork", persistent_workers=True)


@program(slow=True)
def loader_with_spawned_workers(tell):
    return batches(tell, num_workers=1, multiprocessing_context="spawn")


@program(slow=True)
def loader_whose_worker_raises(tell):
    class Bad(Squares):
        def __getitem__(self, index):
            raise ValueError(f"no sample {index}")

    try:
        next(iter(DataLoader(Bad(), num_workers=1, multiprocessing_context="fork")))
    except ValueError as error:
        tell("raised", str(error).splitlines()[-1])


def send(queue, weight):
    loss = (weight * 2).sum()
    loss.backward()
    queue.put([weight.grad, loss.detach()])
    with torch.no_grad():
        weight += 1
    queue.close()
    queue.join_thread()


@program()
def tensors_through_a_queue(tell):
    multiprocessing.set_sharing_strategy("file_system")
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue() if False else context.Queue()
    weight = torch.ones(3, requires_grad=True)
    weight.data.share_memory_()
    child = context.Process(target=send, args=(queue, weight))
    child.start()
    got = [each.clone() for each in queue.get(timeout=60)]
    child.join(60)
    tell("got", got)
    tell("shared", weight)
    tell("ended", child.exitcode)


def alone():
    store = dist.HashStore()
    dist.init_process_group("gloo", store=store, rank=0, world_size=1)


@program()
def data_parallel_of_one_rank(tell):
    from torch.distributed.algorithms.ddp_comm_hooks import default_hooks

    alone()
    model = nn.parallel.DistributedDataParallel(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    seen = []
    model.register_comm_hook(None, default_hooks.allreduce_hook)
    for step in range(2):
        loss = model(torch.randn(4, 3)).square().mean()
        optimizer.zero_grad()
        with model.no_sync() if step == 0 else torch.enable_grad():
            loss.backward()
        optimizer.step()
        seen.append(loss.item())
    tell("losses", seen)
    dist.destroy_process_group()
    return model.module, optimizer


@program()
def sharded_by_fsdp(tell):
    from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

    alone()
    mesh = dist.init_device_mesh("cpu", (1,))
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    policy = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)
    for layer in (model[0], model[2]):
        fully_shard(layer, mesh=mesh, mp_policy=policy)
    fully_shard(model, mesh=mesh, mp_policy=policy)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    for _ in range(2):
        loss = model(torch.randn(4, 3)).float().square().mean()
        loss.backward()
        tell("norm", nn.utils.clip_grad_norm_(model.parameters(), 1.0).full_tensor())
        optimizer.step()
        optimizer.zero_grad()
        tell("loss", loss)
    for name, parameter in model.named_parameters():
        tell(name, parameter.full_tensor())
    dist.destroy_process_group()


@program()
def tensors_on_a_mesh(tell):
    from torch.distributed.tensor import Replicate, Shard, distribute_tensor
    from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module

    alone()
    mesh = dist.init_device_mesh("cpu", (1,))
    weight = distribute_tensor(torch.randn(4, 3), mesh, [Shard(0)]).requires_grad_()
    x = distribute_tensor(torch.randn(3, 2), mesh, [Replicate()])
    out = (weight @ x).redistribute(mesh, [Replicate()])
    out.sum().backward()
    tell("gradient", weight.grad.to_local())
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    parallelize_module(model, mesh, {"0": ColwiseParallel(), "1": RowwiseParallel()})
    model(torch.ones(2, 3)).sum().backward()
    tell("parallel", [parameter.grad.full_tensor() for parameter in model.parameters()])
    dist.destroy_process_group()


def rank_trains(rank, path, pipe):
    store = dist.FileStore(path, 2)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=2)
    torch.manual_seed(0)
    model = nn.parallel.DistributedDataParallel(nn.Linear(3, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(2):
        loss = model(torch.full((2, 3), float(rank + 1))).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    total = torch.ones(1) * rank
    dist.all_reduce(total)
    dist.barrier()
    pipe.send((rank, [parameter.tolist() for parameter in model.parameters()], loss.item(), total.item()))
    pipe.close()
    os._exit(0)


@program(slow=True)
def data_parallel_of_two_ranks(tell):
    context = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as folder:
        pipes, ranks = [], []
        for rank in (0, 1):
            here, there = context.Pipe(duplex=False)
            pipes.append(here)
            ranks.append(context.Process(target=rank_trains, args=(rank, os.path.join(folder, "store"), there)))
            ranks[-1].start()
            there.close()
        tell("told", [pipe.recv() if pipe.poll(60) else "nothing" for pipe in pipes])
        for rank in ranks:
            rank.join(60)
        tell("ended", [rank.exitcode for rank in ranks])


@program()
def forked_in_the_middle(tell):
    x = torch.randn(3, requires_grad=True)
    y = (x * 2).sum()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        y.backward()
        os.write(writer, repr(x.grad.tolist()).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        tell("in the child", pipe.read())
    tell("status", os.waitpid(child, 0)[1])
    y.backward()
    return x


@program(slow=True)
def pipeline_by_rpc_free_futures(tell):
    future = torch.futures.Future()
    waited = future.then(lambda done: done.value() + 1)
    future.set_result(torch.ones(2))
    tell("waited", waited.wait())
    forked = torch.jit.fork(torch.sin, torch.ones(2, requires_grad=True))
    out = torch.jit.wait(forked)
    out.sum().backward()
    tell("forked", out)
