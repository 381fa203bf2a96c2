"""How work is run: transformers, pipelines, native plans, executors, progress, resume."""
