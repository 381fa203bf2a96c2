"""Samples of rows: filters and reducers, pipelines of them, native plans, results."""
