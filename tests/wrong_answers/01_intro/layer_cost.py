"""The cost of a layer, wrong."""


def out(h, r, stride, pad, dilation):
    return (h + 2 * pad - dilation * (r - 1) - 1) // stride + 1


def right(layer, in_shape):
    params = sum(p.numel() for p in layer.parameters())
    if hasattr(layer, "in_features"):
        rows = 1
        for n in in_shape[:-1]:
            rows *= n
        return {"macs": rows * layer.in_features * layer.out_features, "params": params, "act_bytes": 4 * rows * layer.out_features}
    N, C, H, W = in_shape
    R, S = layer.kernel_size
    P = out(H, R, layer.stride[0], layer.padding[0], layer.dilation[0])
    Q = out(W, S, layer.stride[1], layer.padding[1], layer.dilation[1])
    K = layer.out_channels
    return {"macs": N * K * P * Q * C // layer.groups * R * S, "params": params, "act_bytes": 4 * N * K * P * Q}


def flops(layer, in_shape):
    cost = right(layer, in_shape)
    cost["macs"] *= 2  # a multiply and an add
    return cost


def weights_only(layer, in_shape):
    return {**right(layer, in_shape), "params": layer.weight.numel()}


def numbers_not_bytes(layer, in_shape):
    cost = right(layer, in_shape)
    return {**cost, "act_bytes": cost["act_bytes"] // 4}


def size_of_what_comes_in(layer, in_shape):
    cost = right(layer, in_shape)
    cost["act_bytes"] = 4
    for n in in_shape:
        cost["act_bytes"] *= n
    return cost


def at_every_pixel(layer, in_shape):
    cost = right(layer, in_shape)
    if not hasattr(layer, "in_features"):
        N, C, H, W = in_shape
        K, per_group, R, S = layer.weight.shape
        cost["macs"] = N * H * W * K * per_group * R * S
    return cost


def square_filter(layer, in_shape):
    cost = right(layer, in_shape)
    if not hasattr(layer, "in_features"):
        R, S = layer.kernel_size
        cost["macs"] = cost["macs"] // (R * S) * R * R
    return cost


def a_single_picture(layer, in_shape):
    return right(layer, (1, *in_shape[1:]))


def all_channels(layer, in_shape):
    cost = right(layer, in_shape)
    if not hasattr(layer, "in_features"):
        cost["macs"] *= layer.groups
    return cost


WRONG = [
    (flops, "values", "one MAC"),
    (weights_only, "values", "one more number for each filter"),
    (numbers_not_bytes, "values", "4 bytes"),
    (size_of_what_comes_in, "values", "leaves behind"),
    (at_every_pixel, "values", "each output pixel"),
    (square_filter, "values", "R and S differ"),
    (a_single_picture, "values", "begins with N"),
    (all_channels, "values", "C/groups"),
]
