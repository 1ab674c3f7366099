-- From which minute on comparisons of a route are evidence under these rules; `mark` stands for its `compare:`.

CREATE TABLE banyan.judged_rules (
    route text NOT NULL,
    mark text NOT NULL,
    minute bigint NOT NULL,
    PRIMARY KEY (route, mark)
);
