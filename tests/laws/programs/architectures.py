"""A tiny model of every architecture of transformers that builds from its config alone takes one step."""

import logging

import torch

from laws import tiny
from laws.corpus import program


def step(tell, kind):
    logging.disable(logging.WARNING)
    model, config = tiny.built(kind)
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    given = tiny.inputs_for(model, config)
    try:
        out = model(**given)
    except Exception as error:
        raise tiny.refused(error) from error
    loss = sum(each.float().square().mean() for each in tiny.trainable(out))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    tell("loss", loss)
    tell("parameters", [parameter.detach() for parameter in model.parameters()])
    tell("gradients", [parameter.grad for parameter in model.parameters()])


def of(kind):
    @program(slow=True, needs=("transformers",), ways=("bare", "probed"))
    def takes_a_step(tell):
        step(tell, kind)

    return takes_a_step


globals().update((kind, of(kind)) for kind in tiny.kinds())
