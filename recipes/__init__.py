"""The contract between the packages: what a recipe may say, and where its results lie.

`recipes` knows nobody. `curate` and `train` read the same recipe through it and meet only in the folders that
`recipes.folders` names. The YAML files beside this module are recipes ready to use.
"""
