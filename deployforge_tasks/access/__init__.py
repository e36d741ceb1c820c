"""Who may do what: tokens, single sign-on, roles, a second person's approval, and the trail of what was done."""
