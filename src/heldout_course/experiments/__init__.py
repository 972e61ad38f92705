"""Recipes, the planner, executors, results."""
