{#-
    Whether a list was shown to whoever clicked: to the same user, to a colleague (a company's program asks for lists that
    its people click in), or to the same anonymous visitor. A list shown to nobody known is its holder's, since nobody
    else can guess a receipt, unless both say who they are and that differs. A click of nobody known is taken at its word:
    a live one always has a user. Whoever was erased is known, though nobody can say who it was: of such a click and such
    a list it is told only whether both were one person's, so that an erasure never lets a click count that did not.
-#}
{% macro is_shown_to_clicker() -%}
    case
        when clicks.erased_sender is not null and impressions.erased_sender is not null
            then clicks.erased_sender = impressions.erased_sender
        when clicks.erased_sender is not null
            then coalesce(impressions.user_id, impressions.organization_id, impressions.anonymous_id) is null
        when coalesce(clicks.user_id, clicks.organization_id, clicks.anonymous_id) is null then true
        when impressions.erased_sender is not null then false
        when coalesce(impressions.user_id, impressions.organization_id) is null
            then coalesce(clicks.anonymous_id = impressions.anonymous_id, true)
        else
            coalesce(clicks.user_id = impressions.user_id, false)
            or coalesce(clicks.organization_id = impressions.organization_id, false)
            or coalesce(clicks.anonymous_id = impressions.anonymous_id, false)
    end
{%- endmacro %}
