"""From LLVM IR to a function in this process: no compiler on the user's machine, tens of milliseconds a nest."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir

SOURCE = "llvmlite documentation, 'Execution engine' and 'New pass manager'"

COMPILING = threading.Lock()  # LLVM's global context is shared by all modules


@cache
def host() -> tuple[str, str]:
    """The processor we run on, as LLVM names it, and its features."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def target() -> Any:
    """A target machine for this processor. A fresh one each time: an engine that dies takes its machine with it."""
    cpu, features = host()
    return llvm.Target.from_default_triple().create_target_machine(cpu=cpu, features=features, opt=3)


@cache
def vector_bits() -> int:
    """Bits in a vector register of this machine: 512 with AVX-512, 256 with AVX, 128 otherwise (SSE, NEON)."""
    features = llvm.get_host_cpu_features()
    return 512 if features.get("avx512f") else 256 if features.get("avx") else 128


def lanes(itemsize: int = 4) -> int:
    """Numbers in a vector register: 16 x float32 on AVX-512, 8 on AVX2, 4 on NEON."""
    return vector_bits() // (8 * itemsize)


def registers() -> int:
    """Vector registers one can name: 32 on AVX-512 and AArch64, 16 otherwise."""
    return 32 if vector_bits() == 512 or llvm.get_process_triple().startswith(("aarch64", "arm64")) else 16


@dataclass
class Library:
    """A compiled module: keeps the code alive, hands out its functions, shows its assembly."""

    engine: Any
    module: Any

    def function(self, name: str, signature: str) -> Any:
        """A ctypes function; `signature` has a letter an argument: p pointer, i 64-bit integer. Calls release the GIL."""
        types = [{"p": ctypes.c_void_p, "i": ctypes.c_int64}[letter] for letter in signature]
        made = ctypes.CFUNCTYPE(None, *types)(self.engine.get_function_address(name))
        made.library = self  # type: ignore[attr-defined]  # the code lives as long as someone can call it
        return made

    @property
    def assembly(self) -> str:
        with COMPILING:
            return target().emit_assembly(self.module)


LIGHT, FULL = 1, 2


def compile_ir(module: ir.Module, effort: int = FULL) -> Library:
    """Verify, optimise and load a module. With effort LIGHT only what any code needs: peepholes, and blocks that are joined.

    Our nests come in final form, so LIGHT loses a few per cent of speed, or gains some, and takes a third less time.
    Raises ValueError for another effort.
    """
    if effort not in (LIGHT, FULL):
        raise ValueError(f"effort: want {LIGHT} (light) or {FULL} (full), got {effort!r}")
    with COMPILING:
        machine = target()
        parsed = llvm.parse_assembly(str(module))
        parsed.verify()
        options = llvm.create_pipeline_tuning_options(speed_level=effort)
        options.loop_unrolling = False  # the schedule says what is unrolled
        options.loop_vectorization = False
        options.slp_vectorization = False
        builder = llvm.create_pass_builder(machine, options)
        if effort == LIGHT:
            passes = llvm.create_new_module_pass_manager()
            passes.add_instruction_combine_pass()
            passes.add_simplify_cfg_pass()
        else:
            passes = builder.getModulePassManager()
        passes.run(parsed, builder)
        engine = llvm.create_mcjit_compiler(parsed, machine)
        engine.finalize_object()
        return Library(engine, parsed)


def library_of(write: Callable[..., ir.Module], *layer: Any, effort: int = FULL) -> Library:
    """`compile_ir(write(*layer), effort)`, at most once while `layer` is among the last ones asked for: a network repeats its layers."""
    return remembered(write, layer, effort, vector_bits())


@lru_cache(64)
def remembered(write: Callable[..., ir.Module], layer: tuple[Any, ...], effort: int, bits: int) -> Library:
    """`bits` is there for who looks at the code for another machine's vectors."""
    return compile_ir(write(*layer), effort)


@cache
def data_layout() -> str:
    return str(target().target_data)


def new_module() -> ir.Module:
    module = ir.Module("nest")
    module.triple = llvm.get_process_triple()
    module.data_layout = data_layout()
    return module
