"""Sample buyers: companies that sign up, browse, click, buy and sometimes send back, over HTTP like anybody else."""
