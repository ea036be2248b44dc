"""The bot's own words around what people write, in every language that a text can be in.

Written by the bot's authors, who do not speak all of them; nobody who does has read them yet.
Each is short, without a name's gender or case where the language lets that be avoided.
"""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Words are as in the middle of a sentence; ``{}`` stands for a name."""

    link: str
    link_to: str
    image_link: str
    video_link: str
    message_link: str
    invite: str
    dot: str
    at: str
    code_block: str
    spoiler: str
    quote: str
    done: str
    someone: str
    role: str
    channel: str
    command: str
    hashtag: str
    heart: str
    and_: str
    says: str
    joined: str
    left: str
    and_so_on: str
    reply: str
    forwarded: str
    voice_message: str
    sticker: str
    poll: str
    #: One and many, or one, few and many where a language tells these apart; ``{}`` is the number,
    #: where it does not stand before the word.
    gif: str
    image: str
    video: str
    audio: str
    text_file: str
    pdf: str
    file: str


_NAMES = tuple(field.name for field in fields(Wording))


def _of(*words: str) -> Wording:
    """A wording from its words in the order of the fields."""
    return Wording(**dict(zip(_NAMES, words, strict=True)))


#: Languages whose words stand beside each other without a space, and Korean, whose endings do.
UNSPACED = frozenset({"ja", "zh", "ko"})
ENGLISH = _of(
    "link", "{} link", "image link", "video link", "Discord message link", "Discord invite",
    "dot", "at", "code block", "spoiler", "quote", "done", "someone", "a role", "a channel",
    "slash", "hashtag", "heart", "and", "{} says:", "{} joined.", "{} left.", "and so on",
    "replying to {}", "a forwarded message", "a voice message", "a sticker", "a poll",
    "a GIF|GIFs", "an image|images", "a video|videos", "an audio file|audio files",
    "a text file|text files", "a PDF|PDFs", "a file|files",
)  # fmt: skip
WORDINGS = {
    "en": ENGLISH,
    "de": _of(
        "Link", "{}-Link", "Link zu einem Bild", "Link zu einem Video", "Link zu einer Nachricht",
        "Discord-Einladung", "Punkt", "ät", "Codeblock", "Spoiler", "Zitat", "erledigt", "jemand",
        "eine Rolle", "ein Kanal", "Slash", "Hashtag", "Herz", "und", "{} sagt:",
        "{} ist da.", "{} ist weg.", "und so weiter", "Antwort an {}",
        "eine weitergeleitete Nachricht", "eine Sprachnachricht", "ein Sticker", "eine Umfrage",
        "ein GIF|GIFs", "ein Bild|Bilder", "ein Video|Videos", "eine Audiodatei|Audiodateien",
        "eine Textdatei|Textdateien", "ein PDF|PDFs", "eine Datei|Dateien",
    ),
    "nl": _of(
        "link", "{}-link", "link naar een afbeelding", "link naar een video",
        "link naar een bericht", "uitnodiging voor Discord", "punt", "apenstaartje", "codeblok",
        "spoiler", "citaat", "gedaan", "iemand", "een rol", "een kanaal", "slash", "hashtag",
        "hartje", "en", "{} zegt:", "{} is er.", "{} is weg.", "enzovoort", "antwoord aan {}",
        "een doorgestuurd bericht", "een spraakbericht", "een sticker", "een peiling",
        "een gifje|gifjes", "een afbeelding|afbeeldingen", "een video|video's",
        "een audiobestand|audiobestanden", "een tekstbestand|tekstbestanden", "een pdf|pdf's",
        "een bestand|bestanden",
    ),
    "sv": _of(
        "länk", "{}-länk", "länk till en bild", "länk till en video", "länk till ett meddelande",
        "Discord-inbjudan", "punkt", "snabel-a", "kodblock", "spoiler", "citat", "klart", "någon",
        "en roll", "en kanal", "snedstreck", "hashtag", "hjärta", "och", "{} säger:",
        "{} är här.", "{} har gått.", "och så vidare", "svar till {}",
        "ett vidarebefordrat meddelande", "ett röstmeddelande", "ett klistermärke",
        "en omröstning", "en gif|gif-bilder", "en bild|bilder", "en video|videor",
        "en ljudfil|ljudfiler", "en textfil|textfiler", "en PDF|PDF-filer", "en fil|filer",
    ),
    "da": _of(
        "link", "{}-link", "link til et billede", "link til en video", "link til en besked",
        "Discord-invitation", "punktum", "snabel-a", "kodeblok", "spoiler", "citat", "færdig",
        "nogen", "en rolle", "en kanal", "skråstreg", "hashtag", "hjerte", "og", "{} siger:",
        "{} er her.", "{} er gået.", "og så videre", "svar til {}", "en videresendt besked",
        "en talebesked", "et klistermærke", "en afstemning", "en gif|giffer",
        "et billede|billeder", "en video|videoer", "en lydfil|lydfiler", "en tekstfil|tekstfiler",
        "en PDF|PDF-filer", "en fil|filer",
    ),
    "no": _of(
        "lenke", "{}-lenke", "lenke til et bilde", "lenke til en video", "lenke til en melding",
        "Discord-invitasjon", "punktum", "krøllalfa", "kodeblokk", "spoiler", "sitat", "ferdig",
        "noen", "en rolle", "en kanal", "skråstrek", "hashtag", "hjerte", "og", "{} sier:",
        "{} er her.", "{} har gått.", "og så videre", "svar til {}", "en videresendt melding",
        "en talemelding", "et klistremerke", "en avstemning", "en gif|gif-er",
        "et bilde|bilder", "en video|videoer", "en lydfil|lydfiler", "en tekstfil|tekstfiler",
        "en PDF|PDF-er", "en fil|filer",
    ),
    "es": _of(
        "enlace", "enlace de {}", "enlace a una imagen", "enlace a un vídeo",
        "enlace a un mensaje", "invitación de Discord", "punto", "arroba", "bloque de código",
        "spoiler", "cita", "hecho", "alguien", "un rol", "un canal", "barra", "hashtag",
        "corazón", "y", "{} dice:", "{} ha entrado.", "{} ha salido.", "y así sucesivamente",
        "en respuesta a {}", "un mensaje reenviado", "un mensaje de voz", "un sticker",
        "una encuesta", "un GIF|GIFs", "una imagen|imágenes", "un vídeo|vídeos",
        "un archivo de audio|archivos de audio", "un archivo de texto|archivos de texto",
        "un PDF|PDFs", "un archivo|archivos",
    ),
    "fr": _of(
        "lien", "lien {}", "lien vers une image", "lien vers une vidéo", "lien vers un message",
        "invitation Discord", "point", "arobase", "bloc de code", "spoiler", "citation", "fait",
        "quelqu'un", "un rôle", "un salon", "slash", "hashtag", "cœur", "et", "{} dit :",
        "{} est là.", "{} est parti.", "et ainsi de suite", "en réponse à {}",
        "un message transféré", "un message vocal", "un autocollant", "un sondage",
        "un GIF|GIFs", "une image|images", "une vidéo|vidéos",
        "un fichier audio|fichiers audio", "un fichier texte|fichiers texte", "un PDF|PDF",
        "un fichier|fichiers",
    ),
    "it": _of(
        "link", "link di {}", "link a un'immagine", "link a un video", "link a un messaggio",
        "invito di Discord", "punto", "chiocciola", "blocco di codice", "spoiler", "citazione",
        "fatto", "qualcuno", "un ruolo", "un canale", "slash", "hashtag", "cuore", "e",
        "{} dice:", "{} è entrato.", "{} è uscito.", "e così via", "in risposta a {}",
        "un messaggio inoltrato", "un messaggio vocale", "uno sticker", "un sondaggio",
        "una GIF|GIF", "un'immagine|immagini", "un video|video", "un file audio|file audio",
        "un file di testo|file di testo", "un PDF|PDF", "un file|file",
    ),
    "pt": _of(
        "link", "link do {}", "link de uma imagem", "link de um vídeo", "link de uma mensagem",
        "convite do Discord", "ponto", "arroba", "bloco de código", "spoiler", "citação",
        "feito", "alguém", "um cargo", "um canal", "barra", "hashtag", "coração", "e",
        "{} diz:", "{} entrou.", "{} saiu.", "e assim por diante", "em resposta a {}",
        "uma mensagem encaminhada", "uma mensagem de voz", "uma figurinha", "uma enquete",
        "um GIF|GIFs", "uma imagem|imagens", "um vídeo|vídeos",
        "um arquivo de áudio|arquivos de áudio", "um arquivo de texto|arquivos de texto",
        "um PDF|PDFs", "um arquivo|arquivos",
    ),
    "pl": _of(
        "link", "link do {}", "link do obrazka", "link do filmu", "link do wiadomości",
        "zaproszenie na Discorda", "kropka", "małpa", "blok kodu", "spoiler", "cytat",
        "zrobione", "ktoś", "rola", "kanał", "ukośnik", "hasztag", "serce", "i", "{} mówi:",
        "{} jest już tutaj.", "{} wychodzi.", "i tak dalej", "odpowiedź dla {}",
        "przekazana wiadomość", "wiadomość głosowa", "naklejka", "ankieta",
        "gif|gify|gifów", "obrazek|obrazki|obrazków", "film|filmy|filmów",
        "plik dźwiękowy|pliki dźwiękowe|plików dźwiękowych",
        "plik tekstowy|pliki tekstowe|plików tekstowych", "PDF|PDF-y|PDF-ów",
        "plik|pliki|plików",
    ),
    "ru": _of(
        "ссылка", "ссылка на {}", "ссылка на картинку", "ссылка на видео",
        "ссылка на сообщение", "приглашение в Дискорд", "точка", "собака", "блок кода",
        "спойлер", "цитата", "готово", "кто-то", "роль", "канал", "слэш", "хэштег", "сердце",
        "и", "{} говорит:", "{} уже здесь.", "{} выходит.", "и так далее", "ответ для {}",
        "пересланное сообщение", "голосовое сообщение", "стикер", "опрос",
        "гифка|гифки|гифок", "картинка|картинки|картинок", "видео|видео|видео",
        "аудиофайл|аудиофайла|аудиофайлов", "текстовый файл|текстовых файла|текстовых файлов",
        "пэдээф|пэдээф|пэдээф", "файл|файла|файлов",
    ),
    "tr": _of(
        "bağlantı", "{} bağlantısı", "resim bağlantısı", "video bağlantısı",
        "mesaj bağlantısı", "Discord daveti", "nokta", "et", "kod bloğu", "spoiler", "alıntı",
        "tamam", "birisi", "bir rol", "bir kanal", "eğik çizgi", "etiket", "kalp", "ve",
        "{} diyor ki:", "{} geldi.", "{} ayrıldı.", "ve benzeri", "{} için yanıt",
        "iletilen bir mesaj", "bir sesli mesaj", "bir çıkartma", "bir anket", "bir GIF|GIF",
        "bir resim|resim", "bir video|video", "bir ses dosyası|ses dosyası",
        "bir metin dosyası|metin dosyası", "bir PDF|PDF", "bir dosya|dosya",
    ),
    "fi": _of(
        "linkki", "{}-linkki", "kuvalinkki", "videolinkki", "viestilinkki", "Discord-kutsu",
        "piste", "ät", "koodilohko", "spoileri", "lainaus", "tehty", "joku", "rooli", "kanava",
        "kauttaviiva", "hashtag", "sydän", "ja", "{} sanoo:", "{} tuli.", "{} lähti.",
        "ja niin edelleen", "vastaus: {}", "välitetty viesti", "ääniviesti", "tarra", "kysely",
        "gif|gifiä", "kuva|kuvaa", "video|videota", "äänitiedosto|äänitiedostoa",
        "tekstitiedosto|tekstitiedostoa", "PDF|PDF-tiedostoa", "tiedosto|tiedostoa",
    ),
    "el": _of(
        "σύνδεσμος", "σύνδεσμος {}", "σύνδεσμος εικόνας", "σύνδεσμος βίντεο",
        "σύνδεσμος μηνύματος", "πρόσκληση Discord", "τελεία", "παπάκι", "κώδικας", "σπόιλερ",
        "παράθεση", "έγινε", "κάποιος", "ένας ρόλος", "ένα κανάλι", "κάθετος", "χάσταγκ",
        "καρδιά", "και", "{} λέει:", "{} μπήκε.", "{} βγήκε.", "και ούτω καθεξής",
        "απάντηση προς {}", "ένα προωθημένο μήνυμα", "ένα φωνητικό μήνυμα", "ένα αυτοκόλλητο",
        "μια δημοσκόπηση", "ένα GIF|GIF", "μια εικόνα|εικόνες", "ένα βίντεο|βίντεο",
        "ένα αρχείο ήχου|αρχεία ήχου", "ένα αρχείο κειμένου|αρχεία κειμένου", "ένα PDF|PDF",
        "ένα αρχείο|αρχεία",
    ),
    "ar": _of(
        "رابط", "رابط {}", "رابط صورة", "رابط فيديو", "رابط رسالة", "دعوة ديسكورد", "نقطة",
        "آت", "مقطع برمجي", "محتوى مخفي", "اقتباس", "تم", "شخص ما", "دور", "قناة",
        "شرطة مائلة", "هاشتاغ", "قلب", "و", "{} يقول:", "انضم {}.", "غادر {}.",
        "وهكذا", "رد على {}", "رسالة معاد توجيهها", "رسالة صوتية", "ملصق", "استطلاع",
        "صورة متحركة|صور متحركة", "صورة|صور", "فيديو|فيديوهات", "ملف صوتي|ملفات صوتية",
        "ملف نصي|ملفات نصية", "ملف بي دي إف|ملفات بي دي إف", "ملف|ملفات",
    ),
    "he": _of(
        "קישור", "קישור ל{}", "קישור לתמונה", "קישור לסרטון", "קישור להודעה",
        "הזמנה לדיסקורד", "נקודה", "שטרודל", "קטע קוד", "ספוילר", "ציטוט", "בוצע", "מישהו",
        "תפקיד", "ערוץ", "לוכסן", "האשטאג", "לב", "ו", "{} אומר:", "{} כאן.", "{} יצא.",
        "וכן הלאה", "בתגובה ל{}", "הודעה שהועברה", "הודעה קולית", "מדבקה", "סקר",
        "גיף|גיפים", "תמונה|תמונות", "סרטון|סרטונים", "קובץ שמע|קובצי שמע",
        "קובץ טקסט|קובצי טקסט", "קובץ פי די אף|קובצי פי די אף", "קובץ|קבצים",
    ),
    "hi": _of(
        "लिंक", "{} लिंक", "तस्वीर का लिंक", "वीडियो का लिंक", "संदेश का लिंक",
        "डिस्कॉर्ड का न्योता", "डॉट", "ऐट", "कोड ब्लॉक", "स्पॉइलर", "उद्धरण", "हो गया", "कोई",
        "एक रोल", "एक चैनल", "स्लैश", "हैशटैग", "दिल", "और", "{} का कहना है:", "{} आ गए।",
        "{} चले गए।", "और इसी तरह", "{} को जवाब", "आगे भेजा गया संदेश", "वॉइस मैसेज",
        "स्टिकर", "पोल", "एक जिफ़|जिफ़", "एक तस्वीर|तस्वीरें", "एक वीडियो|वीडियो",
        "एक ऑडियो फ़ाइल|ऑडियो फ़ाइलें", "एक टेक्स्ट फ़ाइल|टेक्स्ट फ़ाइलें",
        "एक पीडीएफ़|पीडीएफ़", "एक फ़ाइल|फ़ाइलें",
    ),
    "ms": _of(
        "pautan", "pautan {}", "pautan gambar", "pautan video", "pautan mesej",
        "jemputan Discord", "titik", "alias", "blok kod", "spoiler", "petikan", "selesai",
        "seseorang", "satu peranan", "satu saluran", "garis miring", "hashtag", "hati", "dan",
        "{} kata:", "{} sudah masuk.", "{} sudah keluar.", "dan seterusnya",
        "membalas {}", "mesej yang dimajukan", "mesej suara", "pelekat", "tinjauan",
        "satu GIF|GIF", "satu gambar|gambar", "satu video|video", "satu fail audio|fail audio",
        "satu fail teks|fail teks", "satu PDF|PDF", "satu fail|fail",
    ),
    "sw": _of(
        "kiungo", "kiungo cha {}", "kiungo cha picha", "kiungo cha video",
        "kiungo cha ujumbe", "mwaliko wa Discord", "nukta", "at", "msimbo", "spoiler",
        "nukuu", "imekamilika", "mtu", "wajibu", "chaneli", "mkwaju", "hashtag", "moyo", "na",
        "{} anasema:", "{} ameingia.", "{} ameondoka.", "na kadhalika", "jibu kwa {}",
        "ujumbe uliotumwa mbele", "ujumbe wa sauti", "stika", "kura ya maoni", "GIF|GIF",
        "picha|picha", "video|video", "faili ya sauti|faili za sauti",
        "faili ya maandishi|faili za maandishi", "PDF|PDF", "faili|faili",
    ),
    "ja": _of(
        "リンク", "{}のリンク", "画像のリンク", "動画のリンク", "メッセージのリンク",
        "ディスコードの招待", "ドット", "アット", "コードブロック", "ネタバレ", "引用", "完了",
        "誰か", "ロール", "チャンネル", "スラッシュ", "ハッシュタグ", "ハート", "と",
        "{}さん:", "{}さんが来ました。", "{}さんが退出しました。", "以下省略", "{}さんへの返信",
        "転送されたメッセージ", "ボイスメッセージ", "スタンプ", "投票", "ジフ画像|{}枚のジフ画像",
        "画像|{}枚の画像", "動画|{}本の動画", "音声ファイル|{}個の音声ファイル",
        "テキストファイル|{}個のテキストファイル", "ピーディーエフ|{}個のピーディーエフ",
        "ファイル|{}個のファイル",
    ),
    "zh": _of(
        "链接", "{}链接", "图片链接", "视频链接", "消息链接", "Discord邀请", "点", "艾特",
        "代码块", "剧透", "引用", "完成", "某人", "一个身份组", "一个频道", "斜杠", "话题", "爱心",
        "和", "{}说：", "{}来了。", "{}走了。", "等等", "回复{}", "一条转发的消息",
        "一条语音消息", "一个贴纸", "一个投票", "一张动图|{}张动图", "一张图片|{}张图片",
        "一个视频|{}个视频", "一个音频文件|{}个音频文件", "一个文本文件|{}个文本文件",
        "一个PDF文件|{}个PDF文件", "一个文件|{}个文件",
    ),
    "ko": _of(
        "링크", "{} 링크", "이미지 링크", "동영상 링크", "메시지 링크", "디스코드 초대", "닷", "앳",
        "코드 블록", "스포일러", "인용", "완료", "누군가", "역할", "채널", "슬래시", "해시태그",
        "하트", "그리고", "{} 님:", "{} 님이 들어왔습니다.", "{} 님이 나갔습니다.", "이하 생략",
        "{} 님에게 답장", "전달된 메시지", "음성 메시지", "스티커", "투표",
        "움짤|움짤 {}개", "이미지|이미지 {}개", "동영상|동영상 {}개",
        "오디오 파일|오디오 파일 {}개",
        "텍스트 파일|텍스트 파일 {}개", "피디에프|피디에프 {}개", "파일|파일 {}개",
    ),
}  # fmt: skip
