"""A hundred chat lines in 23 languages, written before the thresholds of detection were chosen.

Nothing may be tuned on them: they say how it does on lines that it was not made for.
"""

HELD_APART: dict[str, tuple[str, ...]] = {
    "ar": (
        "وين رحتوا كلكم؟",
        "دقيقة وراجع لكم",
        "هذا الطور صعب جدا",
        "تصبحون على خير يا شباب",
    ),
    "da": (
        "hvad laver I i aften?",
        "jeg kommer om fem minutter",
        "det var sgu sjovt",
        "jeg gider ikke spille mere i dag",
    ),
    "de": (
        "ich hab morgen leider keine zeit",
        "warum ist der server schon wieder weg",
        "kannst du mich kurz einladen?",
        "das war echt knapp gerade",
        "ich muss noch eben mit dem hund raus",
    ),
    "el": (
        "τι ώρα θα μπείτε απόψε;",
        "περίμενε λίγο, τρώω",
        "δεν το πιστεύω αυτό που έγινε",
        "καληνύχτα σε όλους",
    ),
    "en": (
        "I'll be there in ten minutes",
        "why does it keep crashing on me",
        "that was honestly the best round so far",
        "does anyone still have the old map?",
        "my cat just walked over the keyboard",
    ),
    "es": (
        "¿a qué hora quedamos mañana?",
        "no me deja entrar al servidor",
        "espera que se me ha caído el internet",
        "eso fue muy buena jugada",
        "tengo que sacar al perro ahora",
    ),
    "fi": (
        "tuletko tänään pelaamaan?",
        "en jaksa enää, menen nukkumaan",
        "oota hetki haen kahvia",
        "mikä tuon pelin nimi oli",
    ),
    "fr": (
        "on se retrouve à quelle heure demain ?",
        "attends j'ai plus de batterie",
        "c'était vraiment n'importe quoi cette manche",
        "je dois sortir le chien",
        "il pleut encore chez vous ?",
    ),
    "he": (
        "מי בא לשחק הערב?",
        "רגע אני חוזר עוד דקה",
        "לא מאמין שזה קרה",
        "לילה טוב לכולם",
    ),
    "hi": (
        "आज रात को खेलने आओगे?",
        "रुको मैं खाना खाकर आता हूँ",
        "यह तो बहुत मुश्किल था",
        "सबको शुभ रात्रि",
    ),
    "it": (
        "a che ora ci vediamo domani?",
        "aspetta che mi cade la connessione",
        "oggi non ho voglia di giocare",
        "devo portare fuori il cane",
        "questa partita è stata bellissima",
    ),
    "ja": (
        "明日は何時から始める？",
        "サーバーに入れないんだけど",
        "今のめっちゃ惜しかったね",
        "犬の散歩に行かなきゃ",
        "もう眠いから寝るね",
    ),
    "ko": (
        "오늘 저녁에 들어올 거야?",
        "잠깐만 밥 먹고 올게",
        "방금 진짜 아까웠다",
        "다들 잘 자",
    ),
    "ms": (
        "pukul berapa kita nak main malam ni?",
        "tunggu sekejap saya nak makan dulu",
        "kenapa internet saya lambat sangat",
        "selamat malam semua orang",
    ),
    "nl": (
        "hoe laat spreken we morgen af?",
        "ik kan niet op de server komen",
        "dat was echt net op het nippertje",
        "ik moet nog even de hond uitlaten",
        "heb jij de nieuwe kaart al gezien",
    ),
    "no": (
        "skal vi spille litt i kveld?",
        "jeg må bare spise middag først",
        "det der var helt sykt bra",
        "hvorfor er nettet så tregt hjemme hos meg",
    ),
    "pl": (
        "o której jutro gramy?",
        "poczekaj chwilę, muszę wyjść z psem",
        "serwer znowu nie działa",
        "to była świetna runda",
    ),
    "pt": (
        "que horas a gente joga amanhã?",
        "espera aí que minha internet caiu",
        "não consigo entrar no servidor",
        "essa partida foi muito boa",
        "preciso passear com o cachorro",
    ),
    "ru": (
        "во сколько завтра собираемся?",
        "подожди, у меня интернет упал",
        "это был лучший раунд за сегодня",
        "мне надо с собакой погулять",
    ),
    "sv": (
        "ska vi köra en runda ikväll?",
        "vänta lite jag måste äta först",
        "jag orkar inte spela mer idag",
        "varför laggar det så mycket hos mig",
    ),
    "sw": (
        "tutacheza saa ngapi leo usiku?",
        "subiri kidogo nakuja sasa hivi",
        "mtandao wangu ni wa polepole sana",
        "usiku mwema nyote",
    ),
    "tr": (
        "yarın saat kaçta oynuyoruz?",
        "bekle biraz internetim gitti",
        "sunucuya giremiyorum yine",
        "bugün çok yorgunum erken yatacağım",
    ),
    "zh": (
        "明天几点开始？",
        "我进不去服务器",
        "等一下我的网断了",
        "刚才那一局太可惜了",
        "我要去遛狗了",
    ),
}
