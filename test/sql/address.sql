SELECT crmseg.address_key('12 bis, av. du Gal Leclerc') = crmseg.address_key('12B avenue du Général Leclerc') AS equal;
SELECT * FROM crmseg.parse_address('12 bis, av. du Gal Leclerc, F-75014 PARIS CEDEX 14', 'FR');
SELECT crmseg.address_key(repeat('a', 1001));
