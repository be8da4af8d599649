"""transformers' Trainer takes five steps with a tiny model of every architecture that builds from its config alone."""

import logging
import tempfile
import warnings

import transformers
from laws import tiny
from laws.corpus import NotHere
from sound.corpus import each

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
transformers.utils.logging.set_verbosity_error()


class Squares(transformers.Trainer):
    """Any model's outputs are its loss."""

    def compute_loss(self, model, inputs, return_outputs=False, **_):
        try:
            out = model(**inputs)
        except Exception as error:
            raise tiny.refused(error) from error
        return sum(part.float().square().mean() for part in tiny.trainable(out))


@each(tiny.kinds())
def trained(kind):
    model, config = tiny.built(kind)
    given = tiny.inputs_for(model, config)
    with tempfile.TemporaryDirectory() as folder:
        arguments = transformers.TrainingArguments(
            output_dir=folder, max_steps=5, per_device_train_batch_size=1, report_to=[], use_cpu=True,
            disable_tqdm=True, save_strategy="no", logging_steps=100, dataloader_pin_memory=False,
            remove_unused_columns=False,
        )  # fmt: skip
        trainer = Squares(model=model, args=arguments, train_dataset=[0] * 8, data_collator=lambda rows: dict(given))
        try:
            trainer.train()
        except NotHere:
            raise
        except (RuntimeError, ValueError, TypeError, AttributeError, KeyError, NotImplementedError) as error:
            raise tiny.refused(error) from error
