"""An adapter becomes a model that the apps people use can load, and nothing leaves unchecked.

    from export.merge import merge_adapter
    from export.export import export_model

    merge_adapter("HuggingFaceTB/SmolLM2-1.7B-Instruct", run / "adapter", run / "merged")
    report = export_model(run / "merged", run / "export", publisher="me", model="emerson",
                          quants=["q4_k_m", "q8_0"], rows=rows, system_prompt=prompt, progress=print)

`merge` puts the adapter into its base. `gguf` writes the GGUF file and quantizes it. `verify` compares what llama.cpp
makes of the file with what transformers makes of the model. `bundle` writes the app folder. `export` says their order.

This package knows folders and conversations, no recipes and no runs. Importing it is light; its
modules import what they need. Errors are those of `likeness.errors`, each with its fix.
"""

from likeness import __version__ as __version__
