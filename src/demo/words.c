/*
 * words.c: the word lists behind the demo's made-up names, streets and products. Common French names with their accents, compounds and
 * particles, some of other origins, and the sort of dirt that people type. Read by draw.c.
 */
#include "demo/demo.h"

static const char *const w_f[] = {
	"Marie", "Nathalie", "Isabelle", "Sylvie", "Catherine", "Françoise", "Valérie", "Christine", "Sandrine", "Stéphanie", "Véronique",
	"Céline", "Chantal", "Patricia", "Anne", "Brigitte", "Julie", "Monique", "Aurélie", "Nicole", "Laurence", "Émilie", "Dominique",
	"Annie", "Élodie", "Hélène", "Virginie", "Corinne", "Anne-Marie", "Camille", "Léa", "Manon", "Chloé", "Emma", "Inès", "Zoé",
	"Marie-Christine", "Marie-Thérèse", "Agnès", "Cécile", "Delphine", "Florence", "Karine", "Martine", "Sophie", "Charlotte", "Pauline",
	"Mathilde", "Lucie", "Clémence", "Noémie", "Amélie", "Mélanie", "Laëtitia", "Gaëlle", "Maëlle", "Anaïs", "Fatima", "Aïcha", "Nadia",
	"Fatoumata", "Thi Mai", "Maria", "Ana", "Giulia", "Svetlana", "Éléonore", "Bérénice", "Jeanne", "Louise", "Alice", "Rose",
	"Joséphine", "Adèle", "Marie-Louise", "Anne-Sophie", "Anne-Laure", "Claire", "Solène", "Maud"
};

static const char *const w_m[] = {
	"Jean", "Philippe", "Michel", "Alain", "Patrick", "Nicolas", "Christophe", "Pierre", "Christian", "Éric", "Frédéric", "Laurent",
	"Stéphane", "David", "Pascal", "Daniel", "Alexandre", "Julien", "Thierry", "Olivier", "Bernard", "Thomas", "Sébastien", "Gérard",
	"Didier", "Dominique", "Vincent", "François", "Bruno", "Guillaume", "Jérôme", "Jacques", "Marc", "Maxime", "Romain", "Claude",
	"Antoine", "Franck", "Jean-Pierre", "Anthony", "Kévin", "Gilles", "Cédric", "Serge", "André", "Mathieu", "Benjamin", "Patrice",
	"Fabrice", "Joël", "Jérémy", "Clément", "Arnaud", "Denis", "Paul", "Lucas", "Hervé", "Jean-Claude", "Sylvain", "Yves", "Ludovic",
	"Guy", "Florian", "Damien", "Alexis", "Mickaël", "Quentin", "Emmanuel", "Louis", "Benoît", "Jean-Luc", "Fabien", "Francis", "Hugo",
	"Jonathan", "Loïc", "Xavier", "Théo", "Adrien", "Raphaël", "Jean-François", "Jean-Baptiste", "Grégory", "Robert", "Michaël",
	"Valentin", "Cyril", "Jean-Marc", "René", "Lionel", "Yannick", "Enzo", "Yann", "Jean-Michel", "Baptiste", "Rémi", "Mohamed", "Karim",
	"Ibrahima", "Văn Minh", "José", "Łukasz"
};

static const char *const w_family[] = {
	"Martin", "Bernard", "Thomas", "Petit", "Robert", "Richard", "Durand", "Dubois", "Moreau", "Laurent", "Simon", "Michel", "Lefèvre",
	"Leroy", "Roux", "David", "Bertrand", "Morel", "Fournier", "Girard", "Bonnet", "Dupont", "Lambert", "Fontaine", "Rousseau",
	"Vincent", "Müller", "Lefebvre", "Faure", "André", "Mercier", "Blanc", "Guérin", "Boyer", "Garnier", "Chevalier", "François",
	"Legrand", "Gauthier", "Garcia", "Perrin", "Robin", "Clément", "Morin", "Nicolas", "Henry", "Roussel", "Mathieu", "Gautier",
	"Masson", "Marchand", "Duval", "Denis", "Dumont", "Marie", "Lemaire", "Noël", "Meyer", "Dufour", "Meunier", "Brun", "Blanchard",
	"Giraud", "Joly", "Rivière", "Lucas", "Brunet", "Gaillard", "Barbier", "Arnaud", "Martínez", "Gérard", "Roche", "Renard", "Schmitt",
	"Roy", "Leroux", "Colin", "Vidal", "Caron", "Picard", "Roger", "Fabre", "Aubert", "Lemoine", "Renaud", "Dumas", "Lacroix", "Olivier",
	"Philippe", "Bourgeois", "Pierre", "Benoît", "Rey", "Leclerc", "Payet", "Rolland", "Leclercq", "Guillaume", "Lecomte", "López",
	"Jean", "Dupuy", "Guillot", "Hubert", "Berger", "Carpentier", "Sánchez", "Dupuis", "Moulin", "Louis", "Deschamps", "Huet", "Vasseur",
	"Pérez", "Boucher", "Fleury", "Royer", "Klein", "Jacquet", "Adam", "Paris", "Poirier", "Marty", "Aubry", "Guyot", "Carré", "Charles",
	"Renault", "Charpentier", "Ménard", "Maillard", "Baron", "Bertin", "Bailly", "Hervé", "Schneider", "Fernández", "Le Gall", "Collet",
	"Léger", "Bouvier", "Julien", "Prévost", "Millet", "Perrot", "Daniel", "Le Roux", "Cousin", "Germain", "Breton", "Besson",
	"Langlois", "Rémy", "Le Goff", "Pelletier", "Lévêque", "Perrier", "Leblanc", "Barré", "Lebrun", "Marchal", "Weber", "Mallet",
	"Hamon", "Boulanger", "Jacob", "Monnier", "Michaud", "Rodríguez", "Guichard", "Gillet", "Étienne", "Grondin", "Poulain", "Tessier",
	"Chevallier", "Collin", "Chauvin", "Da Silva", "Bouchet", "Gay", "Lemaître", "Bénard", "Maréchal", "Humbert", "Reynaud", "Antoine",
	"Hoarau", "Perret", "Barthélémy", "Cordier", "Pichon", "Lejeune", "Gilbert", "Lamy", "Delaunay", "Pasquier", "Carlier", "Laporte",
	"N'Guyen", "Nguyễn", "Traoré", "Diallo", "Ben Ahmed", "El Amrani", "N'Diaye", "de La Tour", "d'Estienne", "de Villeneuve",
	"du Plessis", "des Moulins", "de Saint-Exupéry", "Van den Broeck", "von Arx", "Ó Briain", "Łukaszewicz", "Çelik", "Novák", "Göktürk",
	"Œuvrard", "L'Hermitte", "Saint-Martin", "Dupont-Aignan", "Lopez-Garcia", "Le Bihan", "Le Bris", "Quéméneur", "Abgrall",
	"Zimmermann", "Schwartz", "Strauß", "Kowalski", "Haddad", "Cohen", "Lévy", "Benali", "Rakotoarisoa", "Hernandez", "Ferreira"
};

static const char *const w_company[] = {
	"Boulangerie du Port", "Menuiserie Lacroix", "Cabinet Aubry & Associés", "Garage des Écoles", "Hôtel de la Poste", "Fleurs d'Œillet",
	"Pharmacie Centrale", "Imprimerie Moderne", "Les Jardins de Léa", "Transports Le Goff", "Crèche Les P'tits Loups",
	"Restaurant Chez Zoé", "Atelier Céramique du Sud", "Librairie L'Encrier", "Électricité Générale Martin", "École Sainte-Anne",
	"Mairie de Saint-Étienne", "Clinique Vétérinaire du Parc", "Domaine de la Garenne", "Conseil Numérique Rhône", "Optique Lumière",
	"Traiteur Bon Goût", "Agence Horizon", "Maçonnerie Ferreira", "Salon Ô Cheveux", "Comité d'Entreprise Sogéma",
	"Coopérative Bio d'Armor", "Auto-École du Centre", "Plomberie Benoît", "Théâtre de l'Écluse"
};

static const char *const w_form[] = {
	"SARL", "SAS", "SA", "EURL", "SCI", "Association"
};

static const char *const w_street_type[] = {
	"rue", "rue", "rue", "rue", "avenue", "avenue", "boulevard", "place", "chemin", "allée", "impasse", "route", "quai", "cours",
	"square"
};

static const char *const w_street[] = {
	"de la République", "Victor Hugo", "du Général Leclerc", "Jean Jaurès", "de la Gare", "des Écoles", "Pasteur", "de l'Église",
	"du Maréchal Foch", "Gambetta", "de la Mairie", "des Lilas", "du Moulin", "de la Liberté", "Voltaire", "Émile Zola", "de Verdun",
	"du 8 Mai 1945", "du 11 Novembre", "Saint-Michel", "des Tilleuls", "de la Paix", "Carnot", "du Château", "des Acacias", "Molière",
	"de Bretagne", "Anatole France", "Jules Ferry", "de l'Abbé Grégoire", "Aristide Briand", "du Faubourg Saint-Antoine",
	"des Frères Lumière", "Notre-Dame", "de l'Hôtel de Ville", "Marcel Pagnol", "du Colonel Fabien", "Édouard Herriot",
	"des Quatre-Vents", "du Pré aux Clercs"
};

static const char *const w_city[] = {
	"75011 Paris", "75018 Paris", "75015 Paris", "69003 Lyon", "69006 Lyon", "13001 Marseille", "13008 Marseille", "31000 Toulouse",
	"06000 Nice", "44000 Nantes", "67000 Strasbourg", "34000 Montpellier", "33000 Bordeaux", "59000 Lille", "35000 Rennes",
	"51100 Reims", "42000 Saint-Étienne", "76600 Le Havre", "83000 Toulon", "38000 Grenoble", "21000 Dijon", "49000 Angers",
	"30000 Nîmes", "63000 Clermont-Ferrand", "72000 Le Mans", "29200 Brest", "37000 Tours", "80000 Amiens", "57000 Metz",
	"25000 Besançon", "45000 Orléans", "76000 Rouen", "68100 Mulhouse", "14000 Caen", "54000 Nancy", "93200 Saint-Denis",
	"95100 Argenteuil", "93100 Montreuil", "59100 Roubaix", "84000 Avignon", "86000 Poitiers", "78000 Versailles", "64000 Pau",
	"17000 La Rochelle", "13100 Aix-en-Provence", "56000 Vannes", "01000 Bourg-en-Bresse", "02100 Saint-Quentin",
	"50100 Cherbourg-en-Cotentin", "92130 Issy-les-Moulineaux"
};

static const char *const w_provider[] = {
	"gmail.com", "gmail.com", "gmail.com", "orange.fr", "orange.fr", "wanadoo.fr", "free.fr", "free.fr", "hotmail.fr", "yahoo.fr",
	"laposte.net", "outlook.fr", "sfr.fr", "icloud.com"
};

static const char *const w_bad_email[] = {
	"pas de mail", "@", "marie.dupont@gmail", "jean dupont@orange.fr", "x@@free.fr", "neant@", "jean.dupont(at)free.fr", "a.b@-bad-.fr",
	"dupont@gmail..com"
};

static const char *const w_bad_date[] = {
	"31/02/1970", "00/00/0000", "1970-05-12", "12/13/1981", "inconnue", "29/02/1975"
};

static const char *const w_store[] = {
	"Paris Bastille", "Lyon Part-Dieu", "Marseille Vieux-Port", "Lille Grand'Place", "Nantes Bouffay", "Strasbourg Cathédrale"
};

static const char *const w_payment[] = {
	"CB", "CB", "CB", "ESPECES", "CHEQUE"
};

static const char *const w_category[] = {
	"Maison", "Mode femme", "Mode homme", "Enfant", "Beauté", "Épicerie fine", "Papeterie", "Jardin"
};

static const char *const w_maison[] = {
	"Bougie œillet", "Vase en grès", "Plaid en laine", "Coussin brodé", "Cadre chêne", "Lampe de chevet", "Bol à café",
	"Théière émaillée"
};

static const char *const w_mode_femme[] = {
	"Écharpe mohair", "Robe d'été", "Chemisier en soie", "Pull marinière", "Sac cabas", "Jupe plissée", "Ceinture tressée", "Béret"
};

static const char *const w_mode_homme[] = {
	"Chemise Oxford", "Pull col rond", "Cravate tricot", "Bonnet côtelé", "Ceinture cuir", "Veste de travail", "Polo piqué",
	"Chaussettes fil d'Écosse"
};

static const char *const w_enfant[] = {
	"Doudou lapin", "Puzzle des régions", "Cubes en bois", "Pyjama étoilé", "Sac à dos", "Livre d'éveil", "Peluche éléphant",
	"Jeu de mémoire"
};

static const char *const w_beaute[] = {
	"Savon d'Alep", "Crème mains", "Eau de toilette", "Huile d'argan", "Baume à lèvres", "Gommage au sel", "Shampoing solide",
	"Bain moussant"
};

static const char *const w_epicerie_fine[] = {
	"Thé Earl Grey 100 g", "Confiture de mûres", "Miel d'acacia", "Huile d'olive", "Sablés bretons", "Chocolat 70 %",
	"Terrine de canard", "Fleur de sel"
};

static const char *const w_papeterie[] = {
	"Carnet à spirale", "Stylo plume", "Agenda 12 mois", "Papier à lettres", "Trousse en toile", "Globe terrestre",
	"Calendrier de l'Avent", "Cartes de vœux"
};

static const char *const w_jardin[] = {
	"Sécateur forgé", "Gants de jardin", "Arrosoir zinc", "Graines mellifères", "Mangeoire à oiseaux", "Tablier toile", "Photophore",
	"Pot en terre cuite"
};

#define LIST(name, words) {name, words, sizeof(words) / sizeof((words)[0])}
const demo_list demo_lists[] = {
	LIST("f", w_f),
	LIST("m", w_m),
	LIST("family", w_family),
	LIST("company", w_company),
	LIST("form", w_form),
	LIST("street_type", w_street_type),
	LIST("street", w_street),
	LIST("city", w_city),
	LIST("provider", w_provider),
	LIST("bad_email", w_bad_email),
	LIST("bad_date", w_bad_date),
	LIST("store", w_store),
	LIST("payment", w_payment),
	LIST("category", w_category),
	LIST("Maison", w_maison),
	LIST("Mode femme", w_mode_femme),
	LIST("Mode homme", w_mode_homme),
	LIST("Enfant", w_enfant),
	LIST("Beauté", w_beaute),
	LIST("Épicerie fine", w_epicerie_fine),
	LIST("Papeterie", w_papeterie),
	LIST("Jardin", w_jardin),
};
const int demo_list_count = sizeof(demo_lists) / sizeof(demo_lists[0]);
