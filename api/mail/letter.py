"""What the letters say."""

from datetime import timedelta

from api.mail.mailer import Mail


def verification(to: str, url: str, lifetime: timedelta) -> Mail:
    """Asks whether the address is right."""
    return Mail(
        to=to,
        subject="Verify your e-mail address",
        text=(
            "Somebody, probably you, registered this address at the prompt marketplace. "
            "To show that it is yours, open\n\n"
            f"{url}\n\n"
            f"within {_span(lifetime)}. If it was not you, do nothing.\n"
        ),
    )


def password_reset(to: str, url: str, lifetime: timedelta) -> Mail:
    """Leads to a new password."""
    return Mail(
        to=to,
        subject="Set a new password",
        text=(
            "Somebody, probably you, asked for a new password for this address at the prompt marketplace. "
            "To set one, open\n\n"
            f"{url}\n\n"
            f"within {_span(lifetime)}. It ends all log-ins. "
            "If it was not you, do nothing: your password stays as it is.\n"
        ),
    )


def invitation(to: str, organization_name: str, url: str, lifetime: timedelta) -> Mail:
    """Invites into an organization."""
    return Mail(
        to=to,
        subject="You are invited to the prompt marketplace",
        text=(
            f"{organization_name} invites you to join it at the prompt marketplace. "
            "To accept and set a password, open\n\n"
            f"{url}\n\n"
            f"within {_span(lifetime)}. If you do not know them, do nothing.\n"
        ),
    )


NOTICES = {
    "password_changed": (
        "Your password was changed",
        "The password of your account at the prompt marketplace was changed, and its other log-ins were ended. "
        "API keys that you made go on: revoke any that somebody else may know.",
    ),
    "password_changed_keys_revoked": (
        "Your password was changed",
        "The password of your account at the prompt marketplace was changed. Its other log-ins were ended, and the API "
        "keys that you made were revoked.",
    ),
    "second_factor_added": (
        "A second factor was added",
        "From now on a log-in to your account at the prompt marketplace needs a code of your authenticator app.",
    ),
    "recovery_codes_renewed": (
        "Your recovery codes were replaced",
        "New recovery codes were made for your account at the prompt marketplace; the ones before are worth nothing.",
    ),
    "second_factor_removed": (
        "The second factor was removed",
        "From now on a log-in to your account at the prompt marketplace needs your password alone.",
    ),
}


def notice(to: str, name: str) -> Mail:
    """Tells of a change somebody else could have made."""
    subject, what = NOTICES[name]
    return Mail(to=to, subject=subject, text=f"{what}\n\nIf it was not you, set a new password at once.\n")


def _span(lifetime: timedelta) -> str:
    hours = int(lifetime.total_seconds() // 3600)
    if hours < 24:
        return "an hour" if hours == 1 else f"{hours} hours"
    return f"{hours // 24} days"
