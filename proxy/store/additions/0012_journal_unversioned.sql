-- A replica of an older version does not say by which version of the standing a write was decided (`decided`), and looks at no fence. For
-- an hour after a move, in which whoever is not stopped hears of it, no such write of the cohorts that moved is begun: to that replica it
-- looks like another write of the same thing that is on its way.

CREATE FUNCTION banyan.keep_out_unversioned() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM banyan.journal_fence AS fence
        WHERE fence.scope = NEW.scope AND NEW.draw >= fence.low AND NEW.draw < fence.high
            AND fence.made > clock_timestamp() - interval '1 hour'
    ) THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER keep_out_unversioned BEFORE INSERT ON banyan.journal FOR EACH ROW
    WHEN (NEW.decided IS NULL) EXECUTE FUNCTION banyan.keep_out_unversioned();
