-- Version 17: what is worked out for each event that the company is told is planned once a connection: a function in SQL is planned
-- anew each time it is called.

CREATE OR REPLACE FUNCTION office_of_purchase(of_life BIGINT, of_count BIGINT) RETURNS TEXT LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce((SELECT c.office FROM purchase p JOIN customer c ON c.customer = p.customer
                     WHERE p.life = of_life AND p.count = of_count), '');
END $$;
CREATE OR REPLACE FUNCTION office_of_meter(of_meter TEXT) RETURNS TEXT LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce((SELECT c.office FROM holding h JOIN customer c ON c.customer = h.customer
                     WHERE h.meter = of_meter AND h.until IS NULL), '');
END $$;
