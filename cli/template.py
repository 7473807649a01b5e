"""What the command line knows of templates: what the service knows."""


def name_variables(template: str) -> list[str]:
    """The names of a template's variables, in the order they first appear."""
    from api.prompts.template import find_variables

    return [variable.name for variable in find_variables(template)]
