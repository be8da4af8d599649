# fmt: off
"""What torch's operations save, cut and make."""

from __future__ import annotations

SAVES_NOTHING = frozenset(
    {
        "sum", "mean", "view", "reshape", "flatten", "squeeze", "unsqueeze", "transpose", "permute", "t", "T",
        "expand", "expand_as", "repeat", "clone", "contiguous", "add", "sub", "rsub", "neg", "narrow", "select",
        "split", "chunk", "cat", "stack", "hstack", "vstack", "view_as", "reshape_as", "movedim", "swapaxes",
        "unbind", "tile", "to", "cpu", "cuda", "float", "double", "half", "bfloat16", "type", "type_as", "roll",
        "flip", "diagonal", "diag", "trace", "tril", "triu", "unflatten", "add_", "sub_", "neg_", "broadcast_to",
        "positive", "concat", "squeeze_", "unsqueeze_", "t_", "view_as_real", "view_as_complex", "nan_to_num",
        "subtract",
    }
)
"""A second backward through these alone raises nothing."""

SAVES_RESULT = frozenset(
    {
        "exp", "sigmoid", "tanh", "sqrt", "relu", "softmax", "log_softmax", "rsqrt", "reciprocal", "expm1",
        "logsumexp", "exp_", "sigmoid_", "tanh_", "relu_", "sqrt_",
    }
)
SAVES_OPERAND = frozenset(
    {
        "square", "pow", "log", "sin", "cos", "tan", "abs", "log1p", "log2", "log10", "log_softmax", "leaky_relu",
        "elu", "selu", "gelu", "silu", "softplus", "hardtanh", "clamp", "clip", "std", "var", "prod", "cosh",
        "sinh", "erf", "atan", "acos", "asin", "huber", "mish", "logsigmoid",
    }
) - {"log_softmax"}
SAVES = (
    SAVES_RESULT
    | SAVES_OPERAND
    | frozenset(
        {
        "mm", "matmul", "bmm", "mv", "dot", "addmm", "baddbmm", "einsum", "norm", "max", "min", "gather",
        "index_select", "masked_select", "where", "cumprod", "inverse", "det", "logdet", "cholesky", "renorm",
        "lerp", "dist", "cdist", "cosine_similarity", "median", "topk", "sort", "kthvalue", "masked_fill", "amax",
        "amin", "outer",
    }
    )
)

CUTS = frozenset(
    {
        "item", "tolist", "numpy", "argmax", "argmin", "argsort", "nonzero", "long", "int", "bool", "byte",
        "short", "eq", "ne", "gt", "lt", "ge", "le", "isnan", "isinf", "isfinite", "equal", "any", "all",
        "bincount", "multinomial", "searchsorted", "bucketize", "count_nonzero", "sign_", "__array__", "unique",
    }
)
"""No gradient flows through these."""

NUMBERS = frozenset({
        "item", "tolist", "numpy",
    })

FACTORIES = frozenset(
    {
        "tensor", "as_tensor", "from_numpy", "randn", "rand", "zeros", "ones", "full", "arange", "linspace",
        "logspace", "eye", "empty", "randint", "randperm", "normal", "randn_like", "rand_like", "zeros_like",
        "ones_like", "full_like", "empty_like", "randint_like", "asarray", "FloatTensor", "Tensor", "LongTensor",
        "DoubleTensor", "IntTensor", "BoolTensor", "HalfTensor", "scalar_tensor", "empty_strided", "complex",
        "tril_indices", "triu_indices", "bernoulli", "poisson",
    }
)

NO_PARAMETERS = frozenset(
    {
        "ReLU", "ReLU6", "LeakyReLU", "ELU", "SELU", "CELU", "GELU", "SiLU", "Mish", "Sigmoid", "Tanh", "Softmax",
        "LogSoftmax", "Softplus", "Softsign", "Hardtanh", "Hardswish", "Hardsigmoid", "LogSigmoid", "Threshold",
        "GLU", "Softmin", "Softmax2d", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout",
        "FeatureAlphaDropout", "Identity", "Flatten", "Unflatten", "MaxPool1d", "MaxPool2d", "MaxPool3d",
        "AvgPool1d", "AvgPool2d", "AvgPool3d", "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d",
        "AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d", "Upsample", "UpsamplingBilinear2d",
        "UpsamplingNearest2d", "PixelShuffle", "PixelUnshuffle", "ZeroPad2d", "ReflectionPad2d",
        "ReplicationPad2d", "ConstantPad1d", "ConstantPad2d", "Fold", "Unfold", "CosineSimilarity",
        "PairwiseDistance", "ChannelShuffle", "Tanhshrink", "Softshrink", "Hardshrink", "LPPool2d",
        "FractionalMaxPool2d", "ReflectionPad1d", "ReplicationPad1d",
    }
)

CONTAINERS = frozenset({
        "Sequential", "ModuleList", "ModuleDict",
    })
WRAPPERS = frozenset({
        "DataParallel", "DistributedDataParallel", "FullyShardedDataParallel", "AveragedModel",
    })

HARMLESS = frozenset(
    {
        "math", "numpy", "os", "sys", "random", "time", "logging", "json", "pathlib", "re", "datetime",
        "collections", "warnings", "argparse", "pickle", "string", "abc", "typing", "dataclasses", "csv", "gc",
        "matplotlib", "pandas", "sklearn", "scipy", "PIL", "cv2", "glob", "shutil", "uuid", "struct", "io", "enum",
        "operator", "statistics", "torchvision", "tensorboard", "tensorboardX", "inspect", "traceback", "platform",
        "socket", "hashlib", "psutil",
    }
)
"""Modules that leave autograd alone."""

NO_TENSOR = frozenset(
    {
        "manual_seed", "save", "load", "device", "set_default_dtype", "set_num_threads", "is_tensor",
        "is_grad_enabled", "get_rng_state", "initial_seed", "set_rng_state", "set_printoptions",
        "use_deterministic_algorithms", "is_floating_point", "get_num_threads", "seed", "finfo", "iinfo", "Size",
        "set_float32_matmul_precision", "numel", "get_default_dtype", "set_default_device", "Generator",
        "is_complex", "typename",
    }
)
"""torch's functions that give no tensor."""

OF_OPTIMIZERS = frozenset(
    {
        "step", "zero_grad", "add_param_group", "state_dict", "load_state_dict", "train", "eval",
        "register_step_pre_hook", "register_step_post_hook",
    }
)
"""Methods of optimizers."""

VIEWS = frozenset({"T", "mT", "H", "mH", "real", "imag"})
"""Attributes of tensors that are tensors."""

FACTS = frozenset(
    {
        "shape", "dtype", "device", "ndim", "is_leaf", "requires_grad", "layout", "is_cuda", "is_sparse", "names",
        "grad_fn", "_version", "retains_grad", "itemsize", "nbytes", "output_nr", "is_mps", "is_cpu",
    }
)
"""Attributes of tensors that are none."""

OF_MODULES = frozenset(
    {
        "parameters", "named_parameters", "buffers", "modules", "named_modules", "children", "named_children",
        "zero_grad", "train", "eval", "requires_grad_", "to", "cuda", "cpu", "half", "float", "double", "bfloat16",
        "apply", "state_dict", "load_state_dict", "register_forward_hook", "register_forward_pre_hook",
        "register_full_backward_hook", "compile", "register_full_backward_pre_hook", "register_backward_hook",
        "register_buffer", "register_parameter", "forward", "add_module", "register_module", "share_memory",
        "type", "get_submodule", "get_parameter", "append", "extend", "items", "values", "keys", "insert",
        "__call__", "backward", "manual_backward", "optimizers", "step",
    }
)
"""Methods of ``nn.Module``."""


def saves(name: str) -> bool | None:
    """Whether an operation of this name saves what a second backward needs; None where unknown."""
    if name in SAVES_NOTHING:
        return False
    return True if name in SAVES else None
