{#-
    Whether a list was shown to whoever clicked: to the same user, to a colleague (a company's program asks for lists that
    its people click in), or to the same anonymous visitor. A list shown to nobody known is its holder's, since nobody
    else can guess a receipt, unless both say who they are and that differs. A click of nobody known, as of somebody who
    was erased, is taken at its word: a live one always has a user.
-#}
{% macro is_shown_to_clicker() -%}
    case
        when coalesce(clicks.user_id, clicks.organization_id, clicks.anonymous_id) is null then true
        when coalesce(impressions.user_id, impressions.organization_id) is null
            then coalesce(clicks.anonymous_id = impressions.anonymous_id, true)
        else
            coalesce(clicks.user_id = impressions.user_id, false)
            or coalesce(clicks.organization_id = impressions.organization_id, false)
            or coalesce(clicks.anonymous_id = impressions.anonymous_id, false)
    end
{%- endmacro %}
