"""The verbs: typed results, and nothing is printed.

- releasing: `deploy` `verify` `retry` `rollback` `rehearse`; `preview` and `rounds` are what a person sees before a
  deploy and chooses after one, `detach` and `follow` a run in a process of its own
- looking: `status` `diff` `runs` `graph_view` `estimate` `doctor` `trial` (the command `test`) `platforms` `config`
- setting up: `init` `scaffold` `templates` `login` `logout` `whoami`
- telling: `notify`, and `alarms` for what a look found

What several of them share: `settings` (the words of a command line as a project), `graph_run`, `rendering`, `changes`,
`left`, `accounts`, `rehearsal_project`, `names` (for completion).
"""
